"""The tables in the READMEs of the folders of HCL, made from the HCL."""
