"""The portal: what people see of albums, studies and themselves; it decides nothing itself."""
