"""`python -m purview_codegen`."""

from .cli import main

raise SystemExit(main())
