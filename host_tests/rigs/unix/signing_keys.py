"""Two RSA keys of 3072 bits that sign in tests and nowhere else; SIGN(manifest) makes a block as a bundle has it, for tiny_bundle."""

from binascii import b2a_base64
from hashlib import sha256

from slots import keys, signature
from store import record

_N = (
    (
        "9b35ad683f42bab84d06842d1ae5a38e4952101a91adb069f1df040562f1b5f7360deb473e632a805fd42930b11d17ee"
        "03a1e8d6b976c826785e2499e18de314b84b0ede9e0acd284d32a156b8945045ef956cd3be88dac7a07c009b1fe63358"
        "9f742deba14524ad352ce0fd8e24027fc8e3148817b75068464fef06513d56159ea10c1e4c0110ff32a2948cbb40ade3"
        "707329873810b78ff6bcb1b256361b6eb6492120b809653b3b47745d12151d869ea16d8e6a5af5b195e718446e730d66"
        "2ea6d712d2f93b8a3245748cfac827719535f7535b79170362a79d7d9bf43cacdc6fec8ed163b1acf3ca5cba0ee6ed53"
        "71fb8b3943afef31cd2a808575861cc8ae2835a1ac3a9ca992bb0da325844335d5b0f0850320becbdc922d03552842bc"
        "56befe4b73bbbe9cdedf45a0c3290e9e2e8cbc592544987bdfd44eef0f77e7ca76a1d726f0d175487e4ec853fb3be4de"
        "f7af28853b80c7f825435399cf99f45dc900cdd182fa9a37d2d9e31f15d0b777d45a1a8f0c48074799afc36bef1fd997"
    ),
    (
        "c5b8208e321209b2652f6af793821e5c00e7d2496c2c744510d313e5e0f9268467274cfa32414c1d3452e7da7bea8683"
        "54adc2a5a364da7d2c82df437d259240b020ecaf7b9c375d1331ac73a67c22329fae701e1daf8f7b94ee8239006c9dcb"
        "50637cf46d10d3c23c8b91ca23e5817b52b3d80be6e723d78161fb8b0c1e32e69e09ac484223b9ef854e358435f370a5"
        "96f3c75f7dace85ede9ee09719e33e5cfd74fab6e730c37ef0512a42a1ed299d4d5643ff7845f1d3b23eee7bc3ace8f1"
        "e6e3072b815f0e95e25b1f898ebcf71c59d0318144a4ecc8a58ea834d36c98040eea1c1943a62ba3499ddd1e3e9a6888"
        "79771fa43f0ebb7f47ff7783775c31130bd17fb989d9e78f1db7ebe7b39d6af92896f056dea999753ba1c66de51c6ecd"
        "e7e3aad0b6c9e958a9694ce6f4fe21218d629ed911d0cc694aa5ef26c4c7c8ce1da191a0c92d4f1d027e36118d229708"
        "aef59470e77bb2d3e7871b50d3742182eb599164757d39768a4dc5586fdd1c257be92da75edad8d45016531503069327"
    ),
)
_D = (
    (
        "05c1757f1d2c1dfd2c56113169ad99bac8109eaa42e6bc590c1ad217afb5f8f7d998508ba178f9f582c2e7b82233f5a9"
        "8cec447f2f522eaa9be219dcb456ecff32b50ddb1c39eda665f3cfb485e9c76ef5d5dbbaf520e16ec50e7428a1d933e4"
        "4072dad5171e424aee0d8e56637405bd09626a662aeda5b2083c249d5e5be0efb24f3f4221b2bf179cf56c7ed4ded97e"
        "a007ea97ff70974363ca01939f20d334458196bf3e33e85376fcf7b2ba889a975dc0976dd041de99f44e2541e70ffb2f"
        "7fc12eb255bd103a07e6fd2092a1452d9ebbbc28836c3f01b0663c2096e1e812cac1aeeace5c0dc6faf3c0716d828a0f"
        "e60e2d3add0770021b32b36aeafe1cd87cdc4277642fce25bfc013710691052259f06ef26c6e8ac964fa5c8dde1efb25"
        "50cc9096121ef450b179b786716b43aff8c35343c775b7c51517cda567a7a392a7d5983c49e5333d232297fa1817cc82"
        "d767cdf2554f38ff81e5d4794a31ff478556f730e2df7fa09344bdef17e88cbfc95e7c13b44e122c323b34fca533ce91"
    ),
    (
        "02810878848dd1ed9e7671465d69e2748bd663c5664751d9a612e6479d07cac316835ae83846b76e0f41958a20d3a18c"
        "7c400f1d05eabb11a6c4a98b33448c8ba12f698ff762cd18b2ab886196942fe2b03f07507a53c4df6dcd6f7cc5529ad4"
        "fe59a4357c44204a6f75dd0cd05391c63c0fe7068f9011d622df58ce340315e5f1ce718e20b84f1c8775ac1bd68b14bc"
        "2423463d215c553d0e58b8c371227da1b3dc0d68cf98c081150e1218f1f00cfcdf03deac979b5b2ab13136d7fe6c6c2e"
        "ce64c28d4b3123c3c938959e682ab431e9578d1b14d08cdc03c18d323aa8a8cbb284bdd4f0a1c608fca1365b06d6c106"
        "ec54671bfce7a03646d75391a6c38f831f7b4aa236f471e857cde9e8caf8e08dcf7f5870d5a385f261a5719ea7b8436b"
        "15a29874837bd90548ea3faf93c3522daa1b1a66456756a54db7988742af2b336418c04ecfdccc29bcf8afa6ae297540"
        "b793620fb797c9141f0090457c59d42bed5b9ea2cf0d904cf1c62ec2cdec7870661f04634c9f9cc04edb2a19f0ef9601"
    ),
)


def modulus(which=0):
    """Return the modulus of a key as bytes."""
    return bytes.fromhex(_N[which])


def raw(block, which=0):
    """Return what gives a block (384 bytes) when it is verified with e = 65537."""
    made = pow(int.from_bytes(block, "big"), int(_D[which], 16), int(_N[which], 16))
    return made.to_bytes(384, "big")


def block(digest):
    """Return the block of a right signature."""
    return b"\x00\x01" + b"\xff" * 330 + b"\x00" + bytes.fromhex("3031300d060960864801650304020105000420") + digest


def sign(manifest, which=0):
    """Return the signature of a manifest (bytes) as a bundle has it."""
    return bytes.fromhex(keys.name(modulus(which))) + raw(block(sha256(manifest).digest()), which)


def text(which=0):
    """Return the modulus in base64."""
    return b2a_base64(modulus(which)).decode().strip()


def put(folder, state="active", which=0, place=1):
    """Provision a device with a key."""
    key = {"id": keys.name(modulus(which)), "state": state, "n": text(which)}
    record.save("%skey_%d" % (folder, place), key)


def verified(n, digest, signed):
    """Return what signature.verified returns in the end."""
    work = signature.verified(n, digest, signed)
    while True:
        try:
            next(work)
        except StopIteration as e:
            return e.value
