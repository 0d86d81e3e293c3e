//! Serves `dist/` on this machine: the headers a real web server should send, and nothing that a file server needs not.

mod files;
mod headers;
mod range;

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use tiny_http::{Header, Method, Request, Response, StatusCode};

/// Ports tried when the wanted one is taken.
const PORTS_TRIED: u16 = 20;

/// A server that has its port.
pub(crate) struct Server {
    listener: tiny_http::Server,
    dist: Arc<PathBuf>,
    port: u16,
}

impl Server {
    /// Takes `port` on 127.0.0.1, or the next free one; with port 0 any free one.
    pub(crate) fn bind(dist: &Path, port: u16) -> Result<Server> {
        let dist = dist.canonicalize().with_context(|| format!("{} cannot be served", dist.display()))?;
        let last = if port == 0 { 0 } else { port.saturating_add(PORTS_TRIED) };
        for candidate in port..=last {
            match tiny_http::Server::http(("127.0.0.1", candidate)) {
                Ok(listener) => {
                    let port = listener.server_addr().to_ip().map_or(candidate, |address| address.port());
                    return Ok(Server { listener, dist: Arc::new(dist), port });
                }
                Err(error) => println!("– port {candidate} cannot be used ({error}); trying the next"),
            }
        }
        bail!("none of the ports {port} to {last} is free; name another one with --port")
    }

    /// The address to open.
    pub(crate) fn address(&self) -> String {
        format!("http://127.0.0.1:{}/", self.port)
    }

    /// Serves until the process ends.
    ///
    /// Every request has a thread of its own: a page may open a file and read it slowly (the worker hashes what it
    /// reads), and with a fixed number of threads a few such files would keep the style sheet waiting.
    pub(crate) fn run(&self) {
        while let Ok(request) = self.listener.recv() {
            let dist = Arc::clone(&self.dist);
            // The browser may be gone before the answer; that is its own business.
            std::thread::spawn(move || respond(&dist, request).ok());
        }
    }

    /// Serves in the background, until the process ends.
    pub(crate) fn run_in_background(self) {
        std::thread::spawn(move || self.run());
    }
}

/// Answers one request.
fn respond(dist: &Path, request: Request) -> std::io::Result<()> {
    let head = match request.method() {
        Method::Get => false,
        Method::Head => true,
        _ => return request.respond(refusal(405, "only GET and HEAD are answered here")),
    };
    let Some(path) = files::resolve(dist, request.url()) else {
        return request.respond(refusal(404, "there is no such file"));
    };
    let Ok((mut file, bytes, etag)) = open(&path) else {
        return request.respond(refusal(404, "there is no such file"));
    };
    let value_of = |name: &'static str| {
        request.headers().iter().find(|header| header.field.equiv(name)).map(|header| header.value.as_str())
    };
    let mut headers = common_headers();
    headers.extend(header("Content-Type", headers::content_type(&path)));
    headers.extend(header("ETag", &etag));
    headers.extend(header("Accept-Ranges", "bytes"));
    if value_of("If-None-Match").is_some_and(|known| headers::matches_etag(known, &etag)) {
        return request.respond(Response::new(StatusCode(304), headers, std::io::empty(), Some(0), None));
    }
    let wanted = match value_of("Range") {
        // A part of another version would be spliced into a broken file.
        Some(_) if value_of("If-Range").is_some_and(|known| known != etag) => range::Wanted::Whole,
        Some(value) => range::parse(value, bytes),
        None => range::Wanted::Whole,
    };
    let (status, start, length) = match wanted {
        range::Wanted::Whole => (200, 0, bytes),
        range::Wanted::Part { start, length } => {
            headers.extend(header("Content-Range", &format!("bytes {start}-{}/{bytes}", start + length - 1)));
            (206, start, length)
        }
        range::Wanted::Unsatisfiable => {
            let mut refused = refusal(416, "there are no such bytes");
            if let Some(header) = header("Content-Range", &format!("bytes */{bytes}")) {
                refused.add_header(header);
            }
            return request.respond(refused);
        }
    };
    file.seek(SeekFrom::Start(start))?;
    let length_for_header = usize::try_from(length).map_err(std::io::Error::other)?;
    let body: Box<dyn Read + Send> = if head { Box::new(std::io::empty()) } else { Box::new(file.take(length)) };
    // Without a threshold tiny_http would send large files in chunks and leave out Content-Length, which the page
    // needs to show its progress.
    let response = Response::new(StatusCode(status), headers, body, Some(length_for_header), None)
        .with_chunked_threshold(usize::MAX);
    request.respond(response)
}

/// The file, its length in bytes, and a tag of its version.
fn open(path: &Path) -> std::io::Result<(File, u64, String)> {
    let file = File::open(path)?;
    let data = file.metadata()?;
    let modified = data.modified()?.duration_since(std::time::UNIX_EPOCH).map_err(std::io::Error::other)?;
    Ok((file, data.len(), format!("\"{:x}-{:x}\"", data.len(), modified.as_nanos())))
}

fn common_headers() -> Vec<Header> {
    headers::SECURITY.iter().filter_map(|(name, value)| header(name, value)).collect()
}

fn header(name: &str, value: &str) -> Option<Header> {
    Header::from_bytes(name, value).ok()
}

fn refusal(status: u16, why: &str) -> Response<std::io::Cursor<Vec<u8>>> {
    let mut response = Response::from_string(format!("{why}\n")).with_status_code(status);
    for header in common_headers() {
        response.add_header(header);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;
    use std::net::TcpStream;

    /// Sends raw bytes and returns head and body of the answer.
    fn ask(port: u16, request: &str) -> (String, Vec<u8>) {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("connects");
        stream.write_all(request.as_bytes()).expect("sends");
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).expect("receives");
        let split = answer.windows(4).position(|window| window == b"\r\n\r\n").expect("a head");
        (String::from_utf8_lossy(&answer[..split]).to_lowercase(), answer[split + 4..].to_vec())
    }

    #[test]
    fn serves_files_with_the_policy() {
        let folder = std::env::temp_dir().join(format!("xtask-server-{}", std::process::id()));
        std::fs::create_dir_all(folder.join("dist")).expect("made");
        std::fs::write(folder.join("dist/index.html"), "<p>page</p>").expect("written");
        let large: Vec<u8> = (0..200_000_u32).map(|n| n.to_le_bytes()[0]).collect();
        std::fs::write(folder.join("dist/app.wasm"), &large).expect("written");
        std::fs::write(folder.join("secret.txt"), "secret").expect("written");
        let server = Server::bind(&folder.join("dist"), 0).expect("binds");
        let port = server.port;
        server.run_in_background();
        let get = |path: &str, more: &str| {
            ask(port, &format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{more}\r\n"))
        };

        let (head, body) = get("/", "");
        assert!(head.starts_with("http/1.1 200") && body == b"<p>page</p>", "{head}");
        assert!(head.contains("content-security-policy: default-src 'none'; script-src 'self' 'wasm-unsafe-eval'"));
        assert!(head.contains("content-type: text/html; charset=utf-8"), "{head}");

        let (head, body) = get("/app.wasm?v=1", "");
        assert!(head.contains("content-type: application/wasm") && head.contains("content-length: 200000"), "{head}");
        assert_eq!(body, large);

        let (head, body) = get("/app.wasm", "Range: bytes=100000-100009\r\n");
        assert!(head.starts_with("http/1.1 206") && head.contains("content-range: bytes 100000-100009/200000"));
        assert_eq!(body, large[100_000..100_010]);

        let (head, body) = get("/app.wasm", "Range: bytes=10-19\r\nIf-Range: \"other\"\r\n");
        assert!(head.starts_with("http/1.1 200") && body.len() == large.len(), "{head}");

        let (head, _) = get("/app.wasm", "Range: bytes=200000-\r\n");
        assert!(head.starts_with("http/1.1 416") && head.contains("content-range: bytes */200000"), "{head}");

        let (head, _) = get("/app.wasm", "");
        let etag = head.lines().find_map(|line| line.strip_prefix("etag: ")).expect("an ETag").trim().to_owned();
        let (head, body) = get("/app.wasm", &format!("If-None-Match: {etag}\r\n"));
        assert!(head.starts_with("http/1.1 304") && body.is_empty(), "{head}");

        for path in ["/../secret.txt", "/%2e%2e/secret.txt", "/..%2fsecret.txt", "/none.js", "/.hidden", "/%00"] {
            let (head, body) = get(path, "");
            assert!(head.starts_with("http/1.1 404") && !body.starts_with(b"secret"), "{path} {head}");
            assert!(head.contains("content-security-policy"), "{path}");
        }
        let (head, _) = ask(port, "POST / HTTP/1.1\r\nHost: l\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        assert!(head.starts_with("http/1.1 405"), "{head}");
        let (head, body) = ask(port, "HEAD /app.wasm HTTP/1.1\r\nHost: l\r\nConnection: close\r\n\r\n");
        assert!(head.contains("content-length: 200000") && body.is_empty(), "{head}");
        std::fs::remove_dir_all(&folder).expect("removed");
    }

    #[test]
    fn slow_readers_do_not_hold_up_others() {
        let folder = std::env::temp_dir().join(format!("xtask-slow-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("made");
        // More than the sockets' buffers hold, so that the server has to wait for the reader.
        std::fs::write(folder.join("large.bin"), vec![7; 32 << 20]).expect("written");
        std::fs::write(folder.join("a.css"), "p{}").expect("written");
        let server = Server::bind(&folder, 0).expect("binds");
        let port = server.port;
        server.run_in_background();
        let request = |path: &str| format!("GET {path} HTTP/1.1\r\nHost: l\r\nConnection: close\r\n\r\n");
        let stalled: Vec<TcpStream> = (0..16)
            .map(|_| {
                let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("connects");
                stream.write_all(request("/large.bin").as_bytes()).expect("sends");
                stream
            })
            .collect();
        std::thread::sleep(std::time::Duration::from_millis(100));
        assert_eq!(ask(port, &request("/a.css")).1, b"p{}");
        drop(stalled);
        std::fs::remove_dir_all(&folder).expect("removed");
    }

    #[test]
    fn a_taken_port_is_left_for_the_next() {
        let folder = std::env::temp_dir();
        let first = Server::bind(&folder, 0).expect("binds");
        let second = Server::bind(&folder, first.port).expect("binds");
        assert_ne!(first.port, second.port);
    }
}
