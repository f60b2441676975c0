"""What is about money: rates and a preview in the form, and many prices changed at once."""
