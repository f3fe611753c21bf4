"""From a contract to a package: names, plan, text and files."""
