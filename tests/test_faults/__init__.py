"""Programs under faults: what each fault does, and which programs of the site survive it."""
