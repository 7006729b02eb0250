"""The graph: built from columns, frozen, converted to and from other libraries."""
