"""Everything that brings the portal and its parts to a machine."""
