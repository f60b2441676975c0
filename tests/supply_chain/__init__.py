"""What we are made of: known holes, licences, and the bill of materials. Run by `make audit` and `make sbom`.

The tools stand in an environment of their own, so that they are never among what is looked through. Nothing
here imports Django, which is not in it.
"""
