//! PEM (RFC 7468): finds the blocks of a text, reads the public ones, and refuses private keys of every label before
//! a byte of them is decoded.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::error::{KeyError, shown};
use super::public_key::{PublicKey, private};

/// Largest text that is read, in bytes.
pub const MAX_TEXT: usize = 256 * 1024;

/// How the text that opens a block begins.
pub const BEGIN: &str = "-----BEGIN ";

/// The first key in a text.
#[cfg(test)]
pub fn public_key(text: &str) -> Result<PublicKey, KeyError> {
    Ok(public_keys(text)?.remove(0))
}

/// Every key in a text, in its order; at least one. Blocks: `PUBLIC KEY`, `RSA PUBLIC KEY` and one `CERTIFICATE`.
/// Text outside of blocks is ignored, as `openssl x509 -text` writes it.
pub fn public_keys(text: &str) -> Result<Vec<PublicKey>, KeyError> {
    if text.len() > MAX_TEXT {
        return Err(KeyError::new(
            "this text is larger than the 256 KiB that a key file may have",
            "check that this is the file that was meant",
        ));
    }
    let blocks = blocks(text)?;
    // A private key anywhere in the text spoils all of it, whatever comes first.
    for block in &blocks {
        refuse_private(block.label)?;
    }
    let certificates = blocks
        .iter()
        .filter(|block| block.label == "CERTIFICATE")
        .count();
    if certificates > 1 {
        return Err(KeyError::new(
            format!(
                "this is a chain of {certificates} certificates, and which of them signs tokens cannot be seen"
            ),
            "keep only the signing certificate, usually the first: `openssl x509 -in chain.pem -out signer.pem`",
        ));
    }
    if blocks.is_empty() {
        return Err(no_block(text));
    }
    blocks.iter().map(read).collect()
}

struct Block<'a> {
    label: &'a str,
    base64: String,
}

fn blocks(text: &str) -> Result<Vec<Block<'_>>, KeyError> {
    let mut blocks = Vec::new();
    // A heredoc may be indented, a file may have CRLF.
    let mut lines = text.lines().map(str::trim);
    while let Some(line) = lines.next() {
        let Some(label) = line
            .strip_prefix(BEGIN)
            .and_then(|rest| rest.strip_suffix("-----"))
        else {
            continue;
        };
        let mut block = Block {
            label,
            base64: String::new(),
        };
        loop {
            let line = lines.next().ok_or_else(|| {
                KeyError::new(
                    format!("the PEM block `{}` has no `-----END` line", shown(label)),
                    "check that the file was copied whole",
                )
            })?;
            match line.strip_prefix("-----END ") {
                Some(end) if end.strip_suffix("-----") == Some(label) => break,
                Some(_) => {
                    return Err(KeyError::new(
                        format!("the PEM block `{}` ends with another label", shown(label)),
                        "check that the file was copied whole",
                    ));
                }
                None => block.base64.push_str(line),
            }
        }
        blocks.push(block);
    }
    Ok(blocks)
}

fn refuse_private(label: &str) -> Result<(), KeyError> {
    if label == "OPENSSH PRIVATE KEY" {
        return Err(KeyError::new(
            private("an OpenSSH private key (PEM `OPENSSH PRIVATE KEY`)").message,
            "its public half can be had with `ssh-keygen -e -m PKCS8 -f sa.key > sa.pub`; `openssl pkey -in sa.key -pubout` reads the other private forms",
        ));
    }
    if label.contains("PRIVATE KEY") {
        return Err(private(&format!("a private key (PEM `{}`)", shown(label))));
    }
    Ok(())
}

fn read(block: &Block<'_>) -> Result<PublicKey, KeyError> {
    let bytes = || {
        STANDARD.decode(&block.base64).map_err(|_| {
            KeyError::new(
                format!("the PEM block `{}` is not valid base64", shown(block.label)),
                "check that the file was copied whole",
            )
        })
    };
    match block.label {
        "PUBLIC KEY" => PublicKey::from_spki(&bytes()?),
        "RSA PUBLIC KEY" => PublicKey::from_pkcs1(&bytes()?),
        "CERTIFICATE" => PublicKey::from_certificate(&bytes()?),
        "CERTIFICATE REQUEST" | "NEW CERTIFICATE REQUEST" => Err(KeyError::new(
            "this is a certificate request, and a public key belongs here",
            "its key can be had with `openssl req -in sa.csr -pubkey -noout`",
        )),
        label => Err(KeyError::new(
            format!(
                "a PEM block `{}` is neither a public key nor a certificate",
                shown(label)
            ),
            "`PUBLIC KEY`, `RSA PUBLIC KEY` and `CERTIFICATE` are read",
        )),
    }
}

fn no_block(text: &str) -> KeyError {
    if text.trim_start().starts_with("ssh-") || text.trim_start().starts_with("ecdsa-") {
        return KeyError::new(
            "this is an OpenSSH public key, and a PEM one belongs here",
            "convert it with `ssh-keygen -e -m PKCS8 -f sa.pub`",
        );
    }
    KeyError::new(
        "there is no PEM block in this text",
        "a public key begins with `-----BEGIN PUBLIC KEY-----`; `openssl pkey -in sa.key -pubout` writes one",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const KUBE: &str = include_str!("testdata/kube-sa.pub");

    #[test]
    fn the_same_key_in_every_public_form() {
        let key = public_key(KUBE).unwrap();
        assert_eq!(
            public_key(include_str!("testdata/kube-sa.pkcs1.pub")).unwrap(),
            key
        );
        assert_eq!(public_key(&KUBE.replace('\n', "\r\n")).unwrap(), key);
        assert_eq!(public_key(&KUBE.replace('\n', "\n    ")).unwrap(), key);
        assert_eq!(public_key(&format!("Modulus: 1\n{KUBE}")).unwrap(), key);
        assert_eq!(
            public_key(include_str!("testdata/certificate.pem")).unwrap(),
            public_key(include_str!("testdata/certificate.pub")).unwrap(),
        );
        assert!(matches!(
            public_key(include_str!("testdata/ec-p256.pub")).unwrap(),
            PublicKey::Ec { .. }
        ));
    }

    #[test]
    fn several_keys_keep_their_order_and_a_chain_is_refused() {
        let other = include_str!("testdata/azwi-testkey.pub");
        let both = format!("{other}{KUBE}");
        let keys = public_keys(&both).unwrap();
        assert_eq!(
            keys,
            [public_key(other).unwrap(), public_key(KUBE).unwrap()]
        );
        let chain = include_str!("testdata/certificate.pem").repeat(2);
        assert!(
            public_keys(&chain)
                .unwrap_err()
                .message
                .contains("chain of 2")
        );
    }

    #[test]
    fn private_keys_are_refused_by_label_even_behind_a_public_one() {
        for label in ["", "RSA ", "EC ", "DSA ", "ENCRYPTED ", "OPENSSH ", "ANY "] {
            let text = format!(
                "{KUBE}-----BEGIN {label}PRIVATE KEY-----\nMIIE\n-----END {label}PRIVATE KEY-----\n"
            );
            let error = public_keys(&text).unwrap_err();
            assert!(error.message.contains("private key"), "{error}");
            assert!(error.help.contains("-pubout"), "{}", error.help);
            assert!(!error.message.contains("MIIE") && !error.help.contains("MIIE"));
        }
    }

    #[test]
    fn refusals_name_what_was_given() {
        for (text, words) in [
            ("", "no PEM block"),
            ("ssh-rsa AAAA me@host", "OpenSSH public key"),
            ("-----BEGIN PUBLIC KEY-----\nMIIB", "no `-----END` line"),
            (
                "-----BEGIN PUBLIC KEY-----\n?\n-----END PUBLIC KEY-----",
                "base64",
            ),
            (
                "-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----",
                "not a public key",
            ),
            (
                "-----BEGIN PUBLIC KEY-----\nMIIB\n-----END CERTIFICATE-----",
                "another label",
            ),
            (
                "-----BEGIN X509 CRL-----\nMIIB\n-----END X509 CRL-----",
                "neither",
            ),
            (include_str!("testdata/ed25519.pub"), "Ed25519"),
        ] {
            let error = public_key(text).unwrap_err();
            assert!(error.message.contains(words), "{text}: {error}");
        }
        assert_eq!(
            public_key(&" ".repeat(MAX_TEXT + 1)).unwrap_err().message,
            "this text is larger than the 256 KiB that a key file may have"
        );
    }

    proptest! {
        #[test]
        fn arbitrary_text_is_an_answer(text in "(-----BEGIN [A-Z ]{0,9}-----|[A-Za-z0-9+/=\r\n -]{0,9}|-----END PUBLIC KEY-----\n|-----BEGIN PUBLIC KEY-----\n|.){0,9}") {
            let _ = public_keys(&text);
        }
    }
}
