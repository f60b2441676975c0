"""What can be done to ticked models; each deed has a page that shows what will happen."""
