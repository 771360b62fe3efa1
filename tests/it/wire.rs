//! A port that leads to a scenario's tenant, except where the scenario wants another answer: for what only a real
//! connection can do, such as break in the middle.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use trustform::emulator::Answer;
use trustform::emulator::inprocess::Emulator;
use trustform::emulator::request::{Reply, Request};

pub type Answers = Arc<Mutex<BTreeMap<String, String>>>;

pub struct Wire {
    pub port: u16,
}

impl Wire {
    /// Listens until the process ends.
    pub fn open(emulator: Arc<Emulator>, answers: Answers) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a loopback port");
        let port = listener.local_addr().expect("an address").port();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                // A client that goes away is no concern of a test's.
                let _ = serve(stream, &emulator, &answers);
            }
        });
        Self { port }
    }
}

fn serve(mut stream: TcpStream, emulator: &Emulator, answers: &Answers) -> std::io::Result<()> {
    let Some(request) = request(&mut BufReader::new(stream.try_clone()?))? else {
        return Ok(());
    };
    let wanted = wanted(&answers.lock().expect("answers"), &request);
    let reply = match wanted
        .as_deref()
        .map(|text| text.split_once(' ').unwrap_or((text, "")))
    {
        // Says that more will come than does.
        Some(("cut", _)) => {
            return stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 500\r\n\r\n{\"value\": [");
        }
        Some((status, body)) => {
            let kind = match body.starts_with('{') {
                true => "application/json",
                false => "text/html",
            };
            Reply::text(status.parse().expect("a status"), kind, body.to_owned())
        }
        None => match answer(emulator, &request)? {
            Answer::Reply(reply) => reply,
            _ => return Ok(()),
        },
    };
    let mut head = format!("HTTP/1.1 {} X\r\nconnection: close\r\n", reply.status);
    for (name, value) in &reply.headers {
        if name != "content-length" {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
    }
    head.push_str(&format!("content-length: {}\r\n\r\n", reply.body.len()));
    stream.write_all(head.as_bytes())?;
    stream.write_all(&reply.body)
}

/// What the scenario has for a request: by its path, and by a part of its query where one is named.
fn wanted(answers: &BTreeMap<String, String>, request: &Request) -> Option<String> {
    let line = format!("{} {}", request.method, request.path);
    let asks = |key: &&String| match key.split_once('?') {
        Some((start, part)) => start == line && request.query.contains(part),
        None => **key == line,
    };
    // The longest, which says most.
    let key = answers.keys().filter(asks).max_by_key(|key| key.len())?;
    answers.get(key).cloned()
}

fn answer(emulator: &Emulator, request: &Request) -> std::io::Result<Answer> {
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    Ok(runtime.block_on(emulator.answer(request)))
}

fn request(reader: &mut impl BufRead) -> std::io::Result<Option<Request>> {
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let mut words = line.split_whitespace();
    let (Some(method), Some(target)) = (words.next(), words.next()) else {
        return Ok(None);
    };
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let mut request = Request {
        method: method.to_owned(),
        secure: true,
        path: path.to_owned(),
        query: query.to_owned(),
        ..Request::default()
    };
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(':') else {
            break;
        };
        request = request.with_header(name, value.trim());
    }
    request.host = request.header("host").unwrap_or_default().to_owned();
    let length = request
        .header("content-length")
        .and_then(|length| length.parse().ok());
    reader
        .take(length.unwrap_or(0))
        .read_to_end(&mut request.body)?;
    Ok(Some(request))
}
