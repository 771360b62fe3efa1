//! What can become of an answer on its way: each fault turns one into the pieces that are sent instead.

use std::net::SocketAddr;

use serde_json::{Value as Json, json};

/// An answer of the service.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Piece {
    Bytes(Vec<u8>),
    /// Milliseconds.
    Wait(u64),
    Close,
    /// Nothing more, and the connection stays open.
    Silence,
}

/// Where an answer breaks off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum At {
    Nothing,
    StatusLine,
    Headers,
    HeadEnd,
    Body,
    LastByte,
}

macro_rules! faults {
    ($($fault:expr),* $(,)?) => {
        pub const ALL: &[Fault] = &[$($fault),*];
    };
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    // The connection.
    Cut(At),
    Stalled(At),
    /// A byte now and then, and all of them in the end.
    Slow,
    // The head.
    HugeHeader,
    ManyHeaders,
    Garbage,
    OddStatus,
    EarlyHints,
    ShortLength,
    LongLength,
    TwoLengths,
    BadLength,
    Chunked,
    BadChunk,
    UnendedChunks,
    TwoAnswers,
    // Somebody in between.
    Redirect(u16),
    Portal,
    NotFoundPage,
    Gateway(u16),
    Throttled(&'static str),
    Denied,
    Unauthorised,
    // The body.
    Gzipped,
    BrokenGzip,
    GzipBomb,
    Spliced,
    ErrorWithin,
    Half,
    NotUtf8,
    Deep,
    Shape(&'static str),
    Empty,
    NextElsewhere,
    NextOtherVersion,
    NextPlain,
    NextCircle,
    BatchReversed,
    BatchLacksOne,
    BatchItemFails,
}

impl Fault {
    faults![
        Fault::Cut(At::Nothing),
        Fault::Cut(At::StatusLine),
        Fault::Cut(At::Headers),
        Fault::Cut(At::HeadEnd),
        Fault::Cut(At::Body),
        Fault::Cut(At::LastByte),
        Fault::Stalled(At::Nothing),
        Fault::Stalled(At::Body),
        Fault::Slow,
        Fault::HugeHeader,
        Fault::ManyHeaders,
        Fault::Garbage,
        Fault::OddStatus,
        Fault::EarlyHints,
        Fault::ShortLength,
        Fault::LongLength,
        Fault::TwoLengths,
        Fault::BadLength,
        Fault::Chunked,
        Fault::BadChunk,
        Fault::UnendedChunks,
        Fault::TwoAnswers,
        Fault::Redirect(301),
        Fault::Redirect(302),
        Fault::Redirect(307),
        Fault::Portal,
        Fault::NotFoundPage,
        Fault::Gateway(500),
        Fault::Gateway(502),
        Fault::Gateway(503),
        Fault::Gateway(504),
        Fault::Throttled("1"),
        Fault::Throttled("86400"),
        Fault::Throttled("soon"),
        Fault::Denied,
        Fault::Unauthorised,
        Fault::Gzipped,
        Fault::BrokenGzip,
        Fault::GzipBomb,
        Fault::Spliced,
        Fault::ErrorWithin,
        Fault::Half,
        Fault::NotUtf8,
        Fault::Deep,
        Fault::Shape("[]"),
        Fault::Shape("42"),
        Fault::Shape("null"),
        Fault::Shape("{}"),
        Fault::Shape(r#"{"value":{}}"#),
        Fault::Empty,
        Fault::NextElsewhere,
        Fault::NextOtherVersion,
        Fault::NextPlain,
        Fault::NextCircle,
        Fault::BatchReversed,
        Fault::BatchLacksOne,
        Fault::BatchItemFails,
    ];

    /// Whether a client that keeps to the standards does not even notice.
    pub fn is_harmless(self) -> bool {
        use Fault::*;
        matches!(self, Slow | EarlyHints | Chunked | Gzipped | BatchReversed)
    }

    /// Whether it passes by itself, and must not fail an apply when it strikes once.
    pub fn passes(self) -> bool {
        use Fault::*;
        matches!(
            self,
            Cut(_) | Stalled(_) | Gateway(_) | Throttled("1" | "soon")
        )
    }
}

impl Answer {
    /// Takes an HTTP answer apart.
    pub fn of(bytes: &[u8]) -> Self {
        let end = bytes
            .windows(4)
            .position(|four| four == b"\r\n\r\n")
            .expect("a whole answer of the emulator's");
        let head = String::from_utf8_lossy(&bytes[..end]);
        let mut lines = head.split("\r\n");
        let status = lines
            .next()
            .and_then(|line| line.split(' ').nth(1)?.parse().ok());
        let headers = lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
            .filter(|(name, _)| !["content-length", "connection"].contains(&name.as_str()));
        Self {
            status: status.expect("a status"),
            headers: headers.collect(),
            body: bytes[end + 4..].to_vec(),
        }
    }

    /// What stands in for an answer that was never asked for.
    pub fn unavailable() -> Self {
        Self::page(
            503,
            "application/json",
            "{\"error\":{\"code\":\"ServiceUnavailable\",\"message\":\"Try again.\"}}",
        )
    }

    fn page(status: u16, kind: &str, body: &str) -> Self {
        Self {
            status,
            headers: vec![("content-type".to_owned(), kind.to_owned())],
            body: body.as_bytes().to_vec(),
        }
    }

    fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    fn with_body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    /// The head without a length, and without its end.
    fn head(&self) -> Vec<u8> {
        let mut head = format!("HTTP/1.1 {} X\r\n", self.status);
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.into_bytes()
    }

    fn with_length(&self, length: &str) -> Vec<u8> {
        let mut bytes = self.head();
        bytes.extend_from_slice(format!("content-length: {length}\r\n\r\n").as_bytes());
        bytes.extend_from_slice(&self.body);
        bytes
    }

    /// The answer as it was meant.
    pub fn plain(&self) -> Vec<u8> {
        match self.status {
            204 | 304 => [self.head(), b"\r\n".to_vec()].concat(),
            _ => self.with_length(&self.body.len().to_string()),
        }
    }

    fn json(&self) -> Option<Json> {
        serde_json::from_slice(&self.body).ok()
    }
}

/// What is sent in place of an answer; none where the fault has nothing to strike at.
pub fn script(fault: Fault, answer: &Answer, method: &str, trap: SocketAddr) -> Option<Vec<Piece>> {
    use Piece::{Bytes, Close, Silence, Wait};
    let plain = answer.plain();
    let head = plain.len() - answer.body.len();
    let up_to = |at: At| match at {
        At::Nothing => 0,
        At::StatusLine => 7,
        At::Headers => head / 2,
        At::HeadEnd => head,
        At::Body => head + answer.body.len() / 2,
        At::LastByte => plain.len() - 1,
    };
    let say = |answer: Answer| Some(vec![Bytes(answer.plain())]);
    let raw = |text: &str| Some(vec![Bytes(text.as_bytes().to_vec()), Close]);
    let has_body = !answer.body.is_empty();
    let some_body = |pieces: Option<Vec<Piece>>| pieces.filter(|_| has_body);
    match fault {
        Fault::Cut(At::Body | At::HeadEnd) if !has_body => None,
        Fault::Cut(at) => Some(vec![Bytes(plain[..up_to(at)].to_vec()), Close]),
        Fault::Stalled(At::Body) if !has_body => None,
        Fault::Stalled(at) => Some(vec![Bytes(plain[..up_to(at)].to_vec()), Silence]),
        Fault::Slow => {
            let size = plain.len().div_ceil(8);
            let slowly = plain.chunks(size).map(<[u8]>::to_vec);
            Some(slowly.flat_map(|some| [Bytes(some), Wait(3)]).collect())
        }
        Fault::HugeHeader => say(answer.clone().with("x-long", "a".repeat(1 << 20))),
        Fault::ManyHeaders => {
            let mut many = answer.clone();
            for number in 0..2_000 {
                many = many.with(&format!("x-{number}"), "a");
            }
            say(many)
        }
        Fault::Garbage => raw("SSH-2.0-OpenSSH_9.9\r\n"),
        Fault::OddStatus => raw("HTTP/1.1 99999 X\r\ncontent-length: 0\r\n\r\n"),
        Fault::EarlyHints => Some(vec![
            Bytes(b"HTTP/1.1 103 Early Hints\r\nlink: </x>; rel=preload\r\n\r\n".to_vec()),
            Bytes(plain),
        ]),
        Fault::ShortLength => {
            let length = (answer.body.len() / 2).to_string();
            some_body(Some(vec![Bytes(answer.with_length(&length)), Close]))
        }
        Fault::LongLength => {
            let length = (answer.body.len() + 100).to_string();
            Some(vec![Bytes(answer.with_length(&length)), Close])
        }
        Fault::TwoLengths => {
            let two = answer.clone().with("content-length", "3");
            Some(vec![Bytes(two.plain()), Close]).filter(|_| has_body)
        }
        Fault::BadLength => Some(vec![Bytes(answer.with_length("many")), Close]),
        Fault::Chunked => some_body(Some(vec![Bytes(chunked(answer, "5;x=y"))])),
        Fault::BadChunk => some_body(Some(vec![Bytes(chunked(answer, "zz")), Close])),
        Fault::UnendedChunks => {
            let mut bytes = chunked(answer, "5");
            bytes.truncate(bytes.len() - 5);
            some_body(Some(vec![Bytes(bytes), Close]))
        }
        Fault::TwoAnswers => Some(vec![Bytes([plain.clone(), plain].concat())]),
        Fault::Redirect(status) => {
            let page = Answer::page(status, "text/html", "<html>moved</html>");
            say(page.with("location", format!("http://{trap}/v1.0/applications")))
        }
        Fault::Portal => say(Answer::page(
            200,
            "text/html",
            "<html>Log in to the guest network</html>",
        )),
        Fault::NotFoundPage => say(Answer::page(404, "text/html", "<html>no such page</html>")),
        Fault::Gateway(status) => say(Answer::page(
            status,
            "text/html",
            "<html><h1>\u{1b}[31mgateway</h1></html>",
        )),
        Fault::Throttled(after) => {
            let body = r#"{"error":{"code":"TooManyRequests","message":"Too many requests."}}"#;
            say(Answer::page(429, "application/json", body).with("retry-after", after))
        }
        Fault::Denied => {
            let body = r#"{"error":{"code":"Authorization_RequestDenied","message":"Insufficient privileges to complete the operation."}}"#;
            say(Answer::page(403, "application/json", body))
        }
        Fault::Unauthorised => {
            let body = r#"{"error":{"code":"InvalidAuthenticationToken","message":"Access token has expired."}}"#;
            say(Answer::page(401, "application/json", body).with("www-authenticate", "Bearer"))
        }
        Fault::Gzipped => some_body(say(answer
            .clone()
            .with("content-encoding", "gzip")
            .with_body(stored(&answer.body)))),
        Fault::BrokenGzip => {
            let mut body = stored(&answer.body);
            let last = body.len() - 9;
            body[last] ^= 0xff;
            some_body(say(answer
                .clone()
                .with("content-encoding", "gzip")
                .with_body(body)))
        }
        Fault::GzipBomb => say(Answer::page(200, "application/json", "")
            .with("content-encoding", "gzip")
            .with_body(bomb(33 << 20))),
        Fault::Spliced => {
            let mut body = answer.json().map(|_| answer.body.clone())?;
            body.truncate(body.len() * 2 / 3);
            body.extend_from_slice(br#"{"error":{"code":"InternalServerError","message":"The property 'subject[Nullable=False]' of type 'Edm.String' has a null value."}}"#);
            (answer.status == 200).then(|| say(answer.clone().with_body(body)))?
        }
        Fault::ErrorWithin => {
            let body = r#"{"error":{"code":"UnknownError","message":""}}"#;
            say(Answer::page(200, "application/json", body))
        }
        Fault::Half => {
            let half = answer.body[..answer.body.len() / 2].to_vec();
            some_body(say(answer.clone().with_body(half)))
        }
        Fault::NotUtf8 => say(Answer::page(200, "application/json", "")
            .with_body(b"{\"value\":[\"\xff\xfe\"]}".to_vec())),
        Fault::Deep => say(Answer::page(200, "application/json", &"[".repeat(100_000))),
        Fault::Shape(body) => say(Answer::page(200, "application/json", body)),
        Fault::Empty => say(Answer::page(200, "application/json", "")),
        Fault::NextElsewhere => linked(answer, &format!("https://{trap}/v1.0/applications")),
        Fault::NextOtherVersion => linked(answer, "https://graph.microsoft.com/v9/applications"),
        Fault::NextPlain => linked(answer, "http://graph.microsoft.com/v1.0/applications"),
        Fault::NextCircle => linked(
            answer,
            "https://graph.microsoft.com/v1.0/applications?$top=1",
        ),
        Fault::BatchReversed => batch(answer, method, |responses| responses.reverse()),
        Fault::BatchLacksOne => batch(answer, method, |responses| {
            responses.pop();
        }),
        Fault::BatchItemFails => batch(answer, method, |responses| {
            if let Some(last) = responses.last_mut() {
                last["status"] = json!(503);
                last["body"] = json!({"error": {"code": "ServiceUnavailable", "message": ""}});
            }
        }),
    }
}

fn chunked(answer: &Answer, size: &str) -> Vec<u8> {
    let mut bytes = answer.head();
    bytes.extend_from_slice(b"transfer-encoding: chunked\r\n\r\n");
    let mut first = true;
    for part in answer.body.chunks(5) {
        let size = match (first, part.len()) {
            (true, 5) => size.to_owned(),
            (_, length) => format!("{length:x}"),
        };
        first = false;
        bytes.extend_from_slice(format!("{size}\r\n").as_bytes());
        bytes.extend_from_slice(part);
        bytes.extend_from_slice(b"\r\n");
    }
    bytes.extend_from_slice(b"0\r\n\r\n");
    bytes
}

/// Every list in the answer says that it goes on there.
fn linked(answer: &Answer, link: &str) -> Option<Vec<Piece>> {
    let mut body = answer.json()?;
    let mut lists = 0;
    if body["value"].is_array() {
        body["@odata.nextLink"] = json!(link);
        lists += 1;
    }
    for one in body["responses"].as_array_mut().into_iter().flatten() {
        if one["body"]["value"].is_array() {
            one["body"]["@odata.nextLink"] = json!(link);
            lists += 1;
        }
    }
    let changed = answer.clone().with_body(body.to_string());
    (lists > 0).then(|| vec![Piece::Bytes(changed.plain())])
}

fn batch(answer: &Answer, method: &str, edit: impl Fn(&mut Vec<Json>)) -> Option<Vec<Piece>> {
    let mut body = answer.json()?;
    edit(
        body["responses"]
            .as_array_mut()
            .filter(|_| method == "POST")?,
    );
    let changed = answer.clone().with_body(body.to_string());
    Some(vec![Piece::Bytes(changed.plain())])
}

/// A gzip file that compresses nothing (RFC 1951, section 3.2.4; RFC 1952).
fn stored(body: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
    let blocks: Vec<&[u8]> = body.chunks(60_000).collect();
    for (index, block) in blocks.iter().enumerate() {
        let length = u16::try_from(block.len()).expect("a short block");
        bytes.push(u8::from(index + 1 == blocks.len()));
        bytes.extend_from_slice(&length.to_le_bytes());
        bytes.extend_from_slice(&(!length).to_le_bytes());
        bytes.extend_from_slice(block);
    }
    let mut crc = !0_u32;
    for byte in body {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg());
        }
    }
    bytes.extend_from_slice(&(!crc).to_le_bytes());
    bytes.extend_from_slice(&(body.len() as u32).to_le_bytes());
    bytes
}

/// A gzip file that grows: one byte, repeated 258 times for every 13 bits (RFC 1951, section 3.2.6).
fn bomb(size: usize) -> Vec<u8> {
    let mut bytes = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
    let (mut byte, mut filled) = (0_u8, 0);
    let mut push = |bits: &str| {
        for bit in bits.bytes() {
            byte |= (bit - b'0') << filled;
            filled += 1;
            if filled == 8 {
                bytes.push(byte);
                (byte, filled) = (0, 0);
            }
        }
    };
    // The last block, fixed codes; a blank; a length of 258 at a distance of 1; the end.
    push("110");
    push("01010000");
    for _ in 0..size / 258 {
        push("1100010100000");
    }
    push("0000000");
    push("00000000");
    bytes
}
