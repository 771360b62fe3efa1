//! Is a key one that Entra accepts and nobody can factor? The partial validation of NIST SP 800-89 section 5.3.3 (size, parity, exponent, small factors)
//! and the ROCA fingerprint. It finds known bad makers, it does not prove that a key is good.

use super::error::KeyError;
use super::finding::{Finding, refuse};
use super::public_key::{MAKE_RSA, PublicKey};

/// Smallest RSA modulus that may be published, in bits.
/// Source: learn.microsoft.com/entra/workload-id/workload-identity-federation-considerations (RS256), NIST SP 800-131A (2048 bits).
pub const MIN_BITS: usize = 2048;

/// The odd primes up to 751: the small factors that NIST SP 800-89 asks to rule out.
const SMALL_PRIMES_BELOW: u64 = 752;

/// The primes whose residues give away a modulus made by the Infineon library (CVE-2017-15361): the odd ones up to here.
const ROCA_PRIMES_BELOW: u64 = 168;

/// The error that stops a key from being published for Entra, if it has one. EC keys are refused here.
pub fn accepted_by_entra(key: &PublicKey) -> Result<(), KeyError> {
    refuse(findings(key))
}

/// Number of bits of a big-endian number without leading zeros.
pub fn bits(number: &[u8]) -> usize {
    number
        .first()
        .map_or(0, |first| number.len() * 8 - first.leading_zeros() as usize)
}

/// All that is wrong with one key.
pub fn findings(key: &PublicKey) -> Vec<Finding> {
    match key {
        PublicKey::Rsa { n, e } => modulus(n).into_iter().chain(exponent(n, e)).collect(),
        PublicKey::Ec { curve, .. } => vec![Finding::error(
            "ec-key",
            format!(
                "this is an EC key: it signs with {}, and Microsoft Entra refuses such tokens with AADSTS5002738 (`Supported signing algorithms are: 'RS256,RS384,RS512'`)",
                curve.algorithm()
            ),
            MAKE_RSA,
        )],
    }
}

fn modulus(n: &[u8]) -> Option<Finding> {
    let bits = bits(n);
    if bits < MIN_BITS {
        return Some(Finding::error(
            "short-key",
            format!("this RSA key has {bits} bits, and less than {MIN_BITS} can be factored"),
            MAKE_RSA,
        ));
    }
    if let Some(factor) = std::iter::once(2)
        .chain(odd_primes(SMALL_PRIMES_BELOW))
        .find(|p| residue(n, *p) == 0)
    {
        return Some(Finding::error(
            "weak-key",
            format!(
                "the modulus of this RSA key is divisible by {factor}: it was damaged, or made to be broken"
            ),
            MAKE_RSA,
        ));
    }
    odd_primes(ROCA_PRIMES_BELOW).all(|p| is_power_of_65537(residue(n, p), p)).then(|| {
        Finding::error(
            "weak-key",
            "this RSA key has the fingerprint of ROCA (CVE-2017-15361): it was made by a broken chip and can be factored",
            MAKE_RSA,
        )
    })
}

fn exponent(n: &[u8], e: &[u8]) -> Option<Finding> {
    let odd = e.last().is_some_and(|last| last % 2 == 1);
    if !odd || bits(e) < 2 || bits(e) > 256 || bits(e) >= bits(n) {
        return Some(Finding::error(
            "bad-exponent",
            "the exponent of this RSA key is not an odd number from 3 to 256 bits: no correct program makes such keys",
            MAKE_RSA,
        ));
    }
    (bits(e) <= 16).then(|| {
        Finding::warning(
            "small-exponent",
            "the exponent of this RSA key is less than 65537, and careless verifiers have been fooled with such keys",
            "make the next key with the exponent 65537, the default of `openssl genrsa`",
        )
    })
}

/// The odd primes below `limit`, by trial division: there are few.
fn odd_primes(limit: u64) -> impl Iterator<Item = u64> {
    (3..limit).step_by(2).filter(|n| {
        (3..*n)
            .step_by(2)
            .take_while(|d| d * d <= *n)
            .all(|d| n % d != 0)
    })
}

/// Four bytes at a time: hundreds of primes are tried on every key of every plan.
fn residue(n: &[u8], p: u64) -> u64 {
    let word = |bytes: &[u8]| {
        bytes
            .iter()
            .fold(0, |word, byte| word << 8 | u64::from(*byte))
    };
    let words = n.rchunks(4).rev().map(word);
    words.fold(0, |rest, word| (rest << 32 | word) % p)
}

/// Primes of the Infineon library are `k·M + 65537^a mod M`, so modulo each small prime the modulus is a power of 65537.
fn is_power_of_65537(residue: u64, p: u64) -> bool {
    let generator = 65537 % p;
    std::iter::successors(Some(1), |power| Some(power * generator % p))
        .take(p as usize)
        .any(|power| power == residue)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::pem::public_key;

    fn codes(n: &[u8], e: &[u8]) -> Vec<&'static str> {
        let key = PublicKey::rsa(n, e).unwrap();
        findings(&key)
            .into_iter()
            .map(|finding| finding.code)
            .collect()
    }

    #[test]
    fn real_keys_are_good_and_refused_ones_say_why() {
        for good in [
            include_str!("testdata/kube-sa.pub"),
            include_str!("testdata/azwi-testkey.pub"),
            include_str!("testdata/certificate.pem"),
        ] {
            assert_eq!(findings(&public_key(good).unwrap()), []);
        }
        let short = accepted_by_entra(&public_key(include_str!("testdata/rsa-1024.pub")).unwrap());
        assert!(short.unwrap_err().message.contains("1024 bits"));
        let ec = accepted_by_entra(&public_key(include_str!("testdata/ec-p256.pub")).unwrap());
        assert!(ec.unwrap_err().message.contains("AADSTS5002738"));
    }

    #[test]
    fn exponents() {
        let PublicKey::Rsa { n, .. } = public_key(include_str!("testdata/kube-sa.pub")).unwrap()
        else {
            panic!("an RSA key");
        };
        assert_eq!(codes(&n, &[1, 0, 1]), [""; 0]);
        assert_eq!(codes(&n, &[3]), ["small-exponent"]);
        for bad in [&[1][..], &[2], &[1, 0, 0], &[1; 33], &n] {
            assert_eq!(codes(&n, bad), ["bad-exponent"], "{bad:?}");
        }
        assert_eq!(codes(&[0xff; 255], &[1, 0, 1]), ["short-key"]);
    }

    #[test]
    fn weak_moduli() {
        let PublicKey::Rsa { mut n, .. } =
            public_key(include_str!("testdata/kube-sa.pub")).unwrap()
        else {
            panic!("an RSA key");
        };
        *n.last_mut().unwrap() &= 0xfe;
        assert_eq!(codes(&n, &[1, 0, 1]), ["weak-key"]);
        assert_eq!(codes(&[0xff; 256], &[1, 0, 1]), ["weak-key"]); // 2^2048 - 1, divisible by 3

        // 65537^136: every residue is a power of 65537, as in a ROCA key.
        let mut power = vec![1u8];
        for _ in 0..136 {
            let mut sum = vec![0u8; power.len() + 2];
            let mut carry = 0u16;
            for i in (0..sum.len()).rev() {
                let low = if i >= 2 { power[i - 2] } else { 0 };
                let high = power.get(i).copied().unwrap_or(0);
                let digit = u16::from(low) + u16::from(high) + carry;
                sum[i] = digit as u8;
                carry = digit >> 8;
            }
            power = sum;
        }
        let found = findings(&PublicKey::rsa(&power, &[1, 0, 1]).unwrap());
        assert!(found[0].message.contains("ROCA"), "{found:?}");
        assert_eq!(
            odd_primes(20).collect::<Vec<_>>(),
            [3, 5, 7, 11, 13, 17, 19]
        );
    }
}
