//! A proxy between the client and the emulator's server that breaks one answer, or every answer from one on.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::wire_fault::{Answer, Fault, Piece, script};

/// Which requests a fault strikes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Strike {
    pub fault: Fault,
    /// The first request that it strikes; the first of all is 0.
    pub at: usize,
    /// Whether every later request is struck, too.
    pub forever: bool,
    /// Whether the service gets the request, and it takes effect.
    pub reaches: bool,
    /// Where nobody may ever connect to: links and redirects lead there.
    pub trap: SocketAddr,
}

#[derive(Debug)]
pub struct Proxy {
    pub port: u16,
    to: SocketAddr,
    strike: Option<Strike>,
    requests: AtomicUsize,
    struck: AtomicUsize,
    /// `METHOD path` of each request.
    asked: Mutex<Vec<String>>,
    tokens: Mutex<BTreeSet<String>>,
}

/// A request as it came.
struct Asked {
    line: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Proxy {
    /// Listens until the runtime ends.
    pub async fn open(to: SocketAddr, strike: Option<Strike>) -> Arc<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let proxy = Arc::new(Self {
            port: listener.local_addr().expect("an address").port(),
            to,
            strike,
            requests: AtomicUsize::new(0),
            struck: AtomicUsize::new(0),
            asked: Mutex::default(),
            tokens: Mutex::default(),
        });
        let shared = proxy.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let shared = shared.clone();
                // A client that goes away is no concern of a test's.
                tokio::spawn(async move { shared.serve(stream).await.ok() });
            }
        });
        proxy
    }

    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().expect("requests").clone()
    }

    /// How many answers were broken.
    pub fn struck(&self) -> usize {
        self.struck.load(Ordering::SeqCst)
    }

    /// What no output may hold.
    pub fn tokens(&self) -> BTreeSet<String> {
        self.tokens.lock().expect("tokens").clone()
    }

    async fn serve(&self, mut stream: TcpStream) -> std::io::Result<()> {
        stream.set_nodelay(true)?;
        let mut buffer = Vec::new();
        while let Some(asked) = request(&mut stream, &mut buffer).await? {
            let number = self.requests.fetch_add(1, Ordering::SeqCst);
            self.note(&asked);
            let strike = self
                .strike
                .filter(|one| one.at == number || (one.forever && number > one.at));
            let Some(strike) = strike else {
                let answer = self.forward(&asked).await?;
                stream.write_all(&answer.plain()).await?;
                continue;
            };
            // What a fault makes of an answer depends on the answer; the request of a lost one goes nowhere.
            let answer = match strike.reaches {
                true => self.forward(&asked).await?,
                false => Answer::unavailable(),
            };
            let method = asked.line.split(' ').next().unwrap_or_default();
            let pieces = match script(strike.fault, &answer, method, strike.trap) {
                Some(pieces) => {
                    self.struck.fetch_add(1, Ordering::SeqCst);
                    pieces
                }
                None => vec![Piece::Bytes(match strike.reaches {
                    true => answer.plain(),
                    false => self.forward(&asked).await?.plain(),
                })],
            };
            if !say(&mut stream, pieces).await? {
                return Ok(());
            }
        }
        Ok(())
    }

    fn note(&self, asked: &Asked) {
        let line = asked.line.trim_end_matches(" HTTP/1.1").to_owned();
        self.asked.lock().expect("requests").push(line);
        let mut tokens = self.tokens.lock().expect("tokens");
        for (name, value) in &asked.headers {
            if name == "authorization" {
                tokens.insert(value.trim_start_matches("Bearer ").to_owned());
            }
        }
    }

    /// Brings a request to the service and its answer back, on a connection of their own.
    async fn forward(&self, asked: &Asked) -> std::io::Result<Answer> {
        let mut service = TcpStream::connect(self.to).await?;
        service.set_nodelay(true)?;
        let mut text = format!("{}\r\n", asked.line);
        for (name, value) in &asked.headers {
            if !["connection", "accept-encoding"].contains(&name.as_str()) {
                text.push_str(&format!("{name}: {value}\r\n"));
            }
        }
        text.push_str("connection: close\r\n\r\n");
        let mut bytes = text.into_bytes();
        bytes.extend_from_slice(&asked.body);
        service.write_all(&bytes).await?;
        let mut answer = Vec::new();
        service.read_to_end(&mut answer).await?;
        Ok(Answer::of(&answer))
    }
}

/// Reads one request; none when the client has gone.
async fn request(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> std::io::Result<Option<Asked>> {
    let end = loop {
        if let Some(at) = buffer.windows(4).position(|four| four == b"\r\n\r\n") {
            break at;
        }
        if stream.read_buf(buffer).await? == 0 {
            return Ok(None);
        }
    };
    let head = String::from_utf8_lossy(&buffer[..end]).into_owned();
    buffer.drain(..end + 4);
    let mut lines = head.split("\r\n");
    let line = lines.next().unwrap_or_default().to_owned();
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let length = headers
        .iter()
        .find(|(name, _)| name == "content-length")
        .map_or(0, |(_, length)| length.parse().expect("a length"));
    while buffer.len() < length {
        if stream.read_buf(buffer).await? == 0 {
            return Ok(None);
        }
    }
    let body = buffer.drain(..length).collect();
    Ok(Some(Asked {
        line,
        headers,
        body,
    }))
}

/// Says the pieces; whether the connection goes on.
async fn say(stream: &mut TcpStream, pieces: Vec<Piece>) -> std::io::Result<bool> {
    for piece in pieces {
        match piece {
            Piece::Bytes(bytes) => stream.write_all(&bytes).await?,
            Piece::Wait(ms) => tokio::time::sleep(Duration::from_millis(ms)).await,
            Piece::Close => {
                stream.shutdown().await?;
                return Ok(false);
            }
            Piece::Silence => {
                // Until the client has had enough of it.
                let mut rest = Vec::new();
                stream.read_to_end(&mut rest).await?;
                return Ok(false);
            }
        }
    }
    Ok(true)
}
