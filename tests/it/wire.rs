//! A port that leads to a scenario's tenant, except where the scenario wants another answer: for what only a real
//! connection can do, such as break in the middle.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use serde_json::{Value as Json, json};
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
    let line = format!("{} {}", request.method, request.path);
    let answers = answers.lock().expect("answers").clone();
    let reply = match wanted(&answers, &line, &request.query)
        .as_deref()
        .map(|text| text.split_once(' ').unwrap_or((text, "")))
    {
        // Says that more will come than does.
        Some(("cut", _)) => {
            return stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 500\r\n\r\n{\"value\": [");
        }
        Some((status, body)) => {
            let kind = match body.get(..1) {
                Some("{") => "application/json",
                _ if body.starts_with("<?xml") => "application/xml",
                _ => "text/html",
            };
            let reply = Reply::text(status.parse().expect("a status"), kind, body.to_owned());
            // Blob Storage says its code in a header, too.
            match body
                .split_once("<Code>")
                .and_then(|(_, rest)| rest.split_once("</Code>"))
            {
                Some((code, _)) => reply.with_header("x-ms-error-code", code),
                None => reply,
            }
        }
        None => match answer(emulator, &request)? {
            Answer::Reply(reply) => within_batch(&request, reply, &answers),
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

/// What the scenario wants a request to be answered: under its method and path, or a path's beginning with `*` after it; and
/// with a part of its query, where one is named.
fn wanted(answers: &BTreeMap<String, String>, line: &str, query: &str) -> Option<String> {
    let fits = |asked: &&String| {
        let (path, part) = asked.split_once('?').unwrap_or((asked, ""));
        let fits = match path.strip_suffix('*') {
            Some(begin) => line.starts_with(begin),
            None => line == path,
        };
        fits && query.contains(part)
    };
    // The longest, which says most.
    let asked = answers
        .keys()
        .filter(fits)
        .max_by_key(|asked| asked.len())?;
    answers.get(asked).cloned()
}

/// The same for each request of a batch.
fn within_batch(request: &Request, mut reply: Reply, answers: &BTreeMap<String, String>) -> Reply {
    let Some(version) = request.path.strip_suffix("/$batch") else {
        return reply;
    };
    let asked: Json = serde_json::from_slice(&request.body).unwrap_or_default();
    let mut told = reply.value();
    for item in asked["requests"].as_array().into_iter().flatten() {
        let url = item["url"].as_str().unwrap_or_default();
        let (path, query) = url.split_once('?').unwrap_or((url, ""));
        let line = format!(
            "{} {version}{path}",
            item["method"].as_str().unwrap_or_default()
        );
        let Some(answer) = wanted(answers, &line, query) else {
            continue;
        };
        let (status, body) = answer.split_once(' ').unwrap_or((&answer, "null"));
        let responses = told["responses"].as_array_mut();
        for response in responses.into_iter().flatten() {
            if response["id"] == item["id"] {
                response["status"] = status.parse::<u16>().map_or(Json::Null, Json::from);
                response["body"] = serde_json::from_str(body).unwrap_or_else(|_| json!(body));
            }
        }
    }
    reply.body = told.to_string().into_bytes();
    reply
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
