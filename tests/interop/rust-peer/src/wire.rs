// SPDX-License-Identifier: Apache-2.0
//! Vectors and integers of TLS (RFC 8446, 3), and as much CBOR as a PSA token has (RFC 8949).

pub type Res<T> = Result<T, Box<dyn std::error::Error>>;

pub fn be(width: usize, value: usize) -> Vec<u8> {
    value.to_be_bytes()[8 - width..].to_vec()
}

/// A vector with a length of `width` octets in front.
pub fn vec(width: usize, body: &[u8]) -> Vec<u8> {
    [be(width, body.len()).as_slice(), body].concat()
}

/// A handshake message or a frame: both are type u8, length u24, body.
pub fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    [&[kind], vec(3, body).as_slice()].concat()
}

pub fn extension(kind: u16, data: &[u8]) -> Vec<u8> {
    [&kind.to_be_bytes(), vec(2, data).as_slice()].concat()
}

/// What is left of some octets.
pub struct Reader<'a>(pub &'a [u8]);

impl<'a> Reader<'a> {
    pub fn take(&mut self, len: usize) -> Res<&'a [u8]> {
        if self.0.len() < len {
            return Err(format!("{} octets where {len} were announced", self.0.len()).into());
        }
        let (head, tail) = self.0.split_at(len);
        self.0 = tail;
        Ok(head)
    }

    pub fn uint(&mut self, width: usize) -> Res<usize> {
        Ok(self.take(width)?.iter().fold(0, |sum, octet| sum << 8 | *octet as usize))
    }

    pub fn vec(&mut self, width: usize) -> Res<Reader<'a>> {
        let len = self.uint(width)?;
        Ok(Reader(self.take(len)?))
    }

    /// One message: its type, its body, and the whole of it.
    pub fn message(&mut self) -> Res<(u8, Reader<'a>, &'a [u8])> {
        let all = self.0;
        let kind = self.uint(1)? as u8;
        let body = self.vec(3)?;
        Ok((kind, body, &all[..all.len() - self.0.len()]))
    }

    pub fn end(&self) -> Res<()> {
        match self.0.len() {
            0 => Ok(()),
            more => Err(format!("{more} octets left over").into()),
        }
    }

    /// The head of a CBOR item: major type and argument; only definite, shortest heads.
    pub fn head(&mut self) -> Res<(u8, u64)> {
        let first = self.uint(1)? as u8;
        let (least, argument) = match first & 31 {
            small @ 0..=23 => (0, small as u64),
            24 => (24, self.uint(1)? as u64),
            25 => (1 << 8, self.uint(2)? as u64),
            26 => (1 << 16, self.uint(4)? as u64),
            27 => (1 << 32, self.uint(8)? as u64),
            _ => return Err("CBOR of indefinite length".into()),
        };
        if argument < least {
            return Err("a CBOR head that is not the shortest".into());
        }
        Ok((first >> 5, argument))
    }

    pub fn head_of(&mut self, major: u8) -> Res<u64> {
        match self.head()? {
            (found, argument) if found == major => Ok(argument),
            (found, _) => Err(format!("CBOR major type {found}, expected {major}").into()),
        }
    }

    pub fn bstr(&mut self) -> Res<&'a [u8]> {
        let len = self.head_of(2)?;
        self.take(usize::try_from(len)?)
    }

    /// Passes over one item; nesting is bounded.
    pub fn skip(&mut self, depth: u8) -> Res<()> {
        if depth == 0 {
            return Err("CBOR too deep".into());
        }
        let (major, argument) = self.head()?;
        match major {
            2 | 3 => self.take(usize::try_from(argument)?).map(|_| ()),
            4 | 5 => {
                for _ in 0..argument.checked_mul(1 + (major == 5) as u64).ok_or("CBOR too long")? {
                    self.skip(depth - 1)?;
                }
                Ok(())
            }
            6 => self.skip(depth - 1),
            _ => Ok(()),
        }
    }
}

pub fn head(major: u8, argument: usize) -> Vec<u8> {
    let major = major << 5;
    match argument {
        0..=23 => vec![major | argument as u8],
        24..=0xff => [vec![major | 24], be(1, argument)].concat(),
        0x100..=0xffff => [vec![major | 25], be(2, argument)].concat(),
        _ => [vec![major | 26], be(4, argument)].concat(),
    }
}

pub fn bstr(octets: &[u8]) -> Vec<u8> {
    [head(2, octets.len()), octets.to_vec()].concat()
}

pub fn tstr(text: &str) -> Vec<u8> {
    [head(3, text.len()), text.as_bytes().to_vec()].concat()
}
