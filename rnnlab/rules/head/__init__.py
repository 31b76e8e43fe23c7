"""The mistakes of this stage, one file each."""
