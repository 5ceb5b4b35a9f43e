"""The second judge: pkilint, in this process, on what our own rules have passed or refused.

Belongs here: asking pkilint about certificates, issuer and subject pairs, CRLs and OCSP answers;
which of many it is asked about; what it says that does not count; and the proof that it would
speak up. Must not be here: rules of our own, which stand beside this folder.
"""
