import pytest

from tools.signing import Ed25519Signer, Ed25519Verifier, key_ring


def test_a_signature_holds_for_its_signer_and_its_data_alone() -> None:
    signers, verifier = key_ring(["ann", "bob"])
    mark = signers["ann"].sign(b"data")
    assert verifier.verify("ann", b"data", mark)
    assert not verifier.verify("bob", b"data", mark)
    assert not verifier.verify("ann", b"other", mark)
    assert not verifier.verify("cyd", b"data", mark)
    for broken in ("", "zz", mark[:-2], mark[:-2] + "00" + "00"):
        assert not verifier.verify("ann", b"data", broken)


def test_public_keys_are_enough_to_check() -> None:
    signer = Ed25519Signer("ann")
    assert Ed25519Verifier({"ann": signer.public_key}).verify("ann", b"data", signer.sign(b"data"))
    with pytest.raises(ValueError, match="key"):
        Ed25519Verifier({"ann": "00"})
