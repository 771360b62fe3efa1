//! The little of DER (X.690) that public keys need: definite lengths, single-byte tags, no recursion.
//! Errors are a reason in words; the caller knows what was being read.

/// Tag of an INTEGER.
pub const INTEGER: u8 = 0x02;
/// Tag of a BIT STRING.
pub const BIT_STRING: u8 = 0x03;
/// Tag of an OCTET STRING.
pub const OCTET_STRING: u8 = 0x04;
/// Tag of NULL.
pub const NULL: u8 = 0x05;
/// Tag of an OBJECT IDENTIFIER.
pub const OID: u8 = 0x06;
/// Tag of a SEQUENCE.
pub const SEQUENCE: u8 = 0x30;
/// Tag of the explicit element `[0]`, the version of a certificate.
pub const CONTEXT_0: u8 = 0xa0;

/// Why bytes are not the DER that was expected.
pub type Reason = &'static str;

/// Reads elements one after the other; never looks outside the bytes that it was given.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// A reader over the elements in `bytes`.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// The tag of the next element, if there is one.
    pub fn peek(&self) -> Option<u8> {
        self.rest.first().copied()
    }

    /// The next element's tag and content.
    pub fn element(&mut self) -> Result<(u8, &'a [u8]), Reason> {
        let [tag, first, rest @ ..] = self.rest else {
            return Err("it ends in the middle of an element");
        };
        if tag & 0x1f == 0x1f {
            return Err("it has a tag of more than one byte");
        }
        let (length, rest) = match first {
            0..=0x7f => (usize::from(*first), rest),
            0x81..=0x83 => {
                let count = usize::from(first & 0x0f);
                let (digits, rest) = rest
                    .split_at_checked(count)
                    .ok_or("it ends in the middle of a length")?;
                let length = digits.iter().fold(0, |sum, d| sum << 8 | usize::from(*d));
                if length < 0x80 || digits.first() == Some(&0) {
                    return Err("a length is not in its shortest form");
                }
                (length, rest)
            }
            0x80 => return Err("it has an indefinite length, so it is BER and not DER"),
            _ => return Err("an element claims to be longer than 16 MiB"),
        };
        let (content, rest) = rest
            .split_at_checked(length)
            .ok_or("an element is longer than the data")?;
        self.rest = rest;
        Ok((*tag, content))
    }

    /// The content of the next element, which must have this tag.
    pub fn expect(&mut self, tag: u8) -> Result<&'a [u8], Reason> {
        match self.element()? {
            (found, content) if found == tag => Ok(content),
            _ => Err("it has another structure"),
        }
    }

    /// A reader over the content of the next element, a SEQUENCE.
    pub fn sequence(&mut self) -> Result<Reader<'a>, Reason> {
        self.expect(SEQUENCE).map(Reader::new)
    }

    /// The next element, a positive INTEGER, as big-endian bytes without a leading zero.
    pub fn unsigned(&mut self) -> Result<&'a [u8], Reason> {
        match self.expect(INTEGER)? {
            [] => Err("an integer is empty"),
            [0x80..=0xff, ..] => Err("an integer is negative"),
            [0] => Err("an integer is zero"),
            [0, 0..=0x7f, ..] => Err("an integer is not in its shortest form"),
            [0, digits @ ..] | digits => Ok(digits),
        }
    }

    /// The bytes of the next element, a BIT STRING of whole bytes.
    pub fn bit_string(&mut self) -> Result<&'a [u8], Reason> {
        match self.expect(BIT_STRING)? {
            [0, bytes @ ..] => Ok(bytes),
            _ => Err("a bit string is not of whole bytes"),
        }
    }

    /// Demands that nothing is left.
    pub fn end(&self) -> Result<(), Reason> {
        if self.rest.is_empty() {
            Ok(())
        } else {
            Err("something follows after its end")
        }
    }
}

/// One element.
pub fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len().to_be_bytes();
    let digits = &length[length.iter().take_while(|d| **d == 0).count()..];
    let mut out = vec![tag];
    match digits {
        [] => out.push(0),
        [short @ 0..=0x7f] => out.push(*short),
        _ => {
            out.push(0x80 | digits.len() as u8);
            out.extend(digits);
        }
    }
    out.extend(content);
    out
}

/// A SEQUENCE of elements that are encoded already.
pub fn sequence(elements: &[Vec<u8>]) -> Vec<u8> {
    element(SEQUENCE, &elements.concat())
}

/// A non-negative INTEGER from big-endian bytes, which may begin with zeros.
pub fn unsigned(bytes: &[u8]) -> Vec<u8> {
    let digits = trimmed(bytes);
    match digits {
        [0..=0x7f, ..] => element(INTEGER, digits),
        _ => element(INTEGER, &[&[0], digits].concat()),
    }
}

/// A BIT STRING of whole bytes.
pub fn bit_string(bytes: &[u8]) -> Vec<u8> {
    element(BIT_STRING, &[&[0], bytes].concat())
}

/// A big-endian number without its leading zeros.
pub fn trimmed(bytes: &[u8]) -> &[u8] {
    &bytes[bytes.iter().take_while(|b| **b == 0).count()..]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn lengths_are_in_their_shortest_form() {
        for (bytes, reason) in [
            (&[0x04, 0x81, 0x01, 0x00][..], "shortest"),
            (&[0x04, 0x82, 0x00, 0x80], "shortest"),
            (&[0x04, 0x82, 0x01], "middle of a length"),
            (&[0x04, 0x80, 0x00, 0x00], "indefinite"),
            (&[0x04, 0x84, 0, 0, 0, 1, 0], "16 MiB"),
            (&[0x04, 0x02, 0x00], "longer than the data"),
            (&[0x04], "ends"),
            (&[0x1f, 0x01, 0x00], "tag"),
        ] {
            let error = Reader::new(bytes).element().unwrap_err();
            assert!(error.contains(reason), "{bytes:?}: {error}");
        }
    }

    #[test]
    fn integers_are_positive_and_shortest() {
        assert_eq!(Reader::new(&[2, 2, 0, 0x80]).unsigned(), Ok(&[0x80][..]));
        assert_eq!(Reader::new(&[2, 1, 3]).unsigned(), Ok(&[3][..]));
        for bad in [
            &[2, 0][..],
            &[2, 1, 0],
            &[2, 1, 0x80],
            &[2, 2, 0, 1],
            &[4, 1, 1],
        ] {
            assert!(Reader::new(bad).unsigned().is_err(), "{bad:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(tag in 0u8..31, content in prop::collection::vec(any::<u8>(), 0..70_000)) {
            let written = element(tag, &content);
            let mut reader = Reader::new(&written);
            prop_assert_eq!(reader.element(), Ok((tag, &content[..])));
            prop_assert_eq!(reader.end(), Ok(()));
        }

        #[test]
        fn numbers_come_back(digits in prop::collection::vec(any::<u8>(), 0..600)) {
            prop_assume!(!trimmed(&digits).is_empty());
            let written = unsigned(&digits);
            prop_assert_eq!(Reader::new(&written).unsigned(), Ok(trimmed(&digits)));
        }

        #[test]
        fn arbitrary_bytes_are_an_answer(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
            let mut reader = Reader::new(&bytes);
            while reader.peek().is_some() && reader.element().is_ok() {}
        }
    }
}
