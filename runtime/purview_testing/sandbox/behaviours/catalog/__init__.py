"""The Data Map: types, entities, relationships, glossaries and search."""
