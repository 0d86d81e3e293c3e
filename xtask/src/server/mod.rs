//! Serves `dist/` on this machine: the headers a real web server should send, and nothing that a file server needs not.
//!
//! Every connection has a thread of its own: browsers open connections ahead of need and read some answers slowly, and
//! in a pool of threads a page can wait behind such a connection for its scripts (tiny_http 0.12 did so for over 30 s).

mod files;
mod headers;
mod http;
mod range;

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use anyhow::{Context, Result, bail};
use http::{Next, Request};
use range::Wanted;

/// Ports tried when the wanted one is taken.
const PORTS_TRIED: u16 = 20;
/// After this long without a request a connection is closed.
const IDLE: Duration = Duration::from_mins(1);

/// A server that has its port.
pub(crate) struct Server {
    listener: TcpListener,
    dist: Arc<PathBuf>,
    port: u16,
}

impl Server {
    /// Takes `port` on 127.0.0.1, or the next free one; with port 0 any free one.
    pub(crate) fn bind(dist: &Path, port: u16) -> Result<Server> {
        let dist = dist.canonicalize().with_context(|| format!("{} cannot be served", dist.display()))?;
        let last = if port == 0 { 0 } else { port.saturating_add(PORTS_TRIED) };
        for candidate in port..=last {
            match TcpListener::bind(("127.0.0.1", candidate)) {
                Ok(listener) => {
                    let port = listener.local_addr().context("the port's number cannot be read")?.port();
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
    pub(crate) fn run(&self) {
        for stream in self.listener.incoming() {
            match stream {
                Ok(stream) => {
                    let dist = Arc::clone(&self.dist);
                    // A browser that is gone before its answer is no error of ours.
                    std::thread::spawn(move || serve(&dist, &stream).ok());
                }
                // Too many open files, for one: the next connection may do better.
                Err(_) => std::thread::sleep(Duration::from_millis(20)),
            }
        }
    }

    /// Serves in the background, until the process ends.
    pub(crate) fn run_in_background(self) {
        std::thread::spawn(move || self.run());
    }
}

/// Answers the requests of a connection, one after the other.
fn serve(dist: &Path, stream: &TcpStream) -> io::Result<()> {
    stream.set_read_timeout(Some(IDLE))?;
    stream.set_nodelay(true)?;
    let mut reader = BufReader::new(stream);
    let mut writer = stream;
    loop {
        match http::read_request(&mut reader)? {
            Next::End => return Ok(()),
            Next::Malformed(status) => return refuse(&mut writer, None, status, "this is no request", &[]),
            Next::Request(request) => {
                respond(dist, &request, &mut writer)?;
                if request.close {
                    return Ok(());
                }
            }
        }
    }
}

/// Answers one request.
fn respond(dist: &Path, request: &Request, writer: &mut impl Write) -> io::Result<()> {
    let close = request.close;
    let head = match request.method.as_str() {
        "GET" => false,
        "HEAD" => true,
        _ => {
            return refuse(
                writer,
                Some(request),
                405,
                "only GET and HEAD are answered here",
                &[("Allow", "GET, HEAD".into())],
            );
        }
    };
    let found = files::resolve(dist, &request.target).and_then(|path| Some((open(&path).ok()?, path)));
    let Some(((mut file, bytes, etag), path)) = found else {
        return refuse(writer, Some(request), 404, "there is no such file", &[]);
    };
    let mut answer = security();
    answer.push(("Content-Type", headers::content_type(&path).into()));
    answer.push(("ETag", etag.clone()));
    answer.push(("Accept-Ranges", "bytes".into()));
    if request.header("if-none-match").is_some_and(|known| headers::matches_etag(known, &etag)) {
        return http::write_head(writer, 304, &answer, 0, close);
    }
    let wanted = match request.header("range") {
        // A part of another version would be spliced into a broken file.
        Some(_) if request.header("if-range").is_some_and(|known| known != etag) => Wanted::Whole,
        Some(value) => range::parse(value, bytes),
        None => Wanted::Whole,
    };
    let (status, start, length) = match wanted {
        Wanted::Whole => (200, 0, bytes),
        Wanted::Part { start, length } => {
            answer.push(("Content-Range", format!("bytes {start}-{}/{bytes}", start + length - 1)));
            (206, start, length)
        }
        Wanted::Unsatisfiable => {
            let range = [("Content-Range", format!("bytes */{bytes}"))];
            return refuse(writer, Some(request), 416, "there are no such bytes", &range);
        }
    };
    http::write_head(writer, status, &answer, length, close)?;
    if head {
        return Ok(());
    }
    file.seek(SeekFrom::Start(start))?;
    if io::copy(&mut file.take(length), writer)? < length {
        // The head promised more; only an end of the connection tells the browser.
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(())
}

/// The file, its length in bytes, and a tag of its version.
fn open(path: &Path) -> io::Result<(File, u64, String)> {
    let file = File::open(path)?;
    let data = file.metadata()?;
    let modified = data.modified()?.duration_since(UNIX_EPOCH).map_err(io::Error::other)?;
    Ok((file, data.len(), format!("\"{:x}-{:x}\"", data.len(), modified.as_nanos())))
}

fn security() -> Vec<(&'static str, String)> {
    headers::SECURITY.iter().map(|(name, value)| (*name, (*value).to_owned())).collect()
}

/// Says no. Without a request, the connection cannot be used any more.
fn refuse(
    writer: &mut impl Write,
    request: Option<&Request>,
    status: u16,
    why: &str,
    more: &[(&'static str, String)],
) -> io::Result<()> {
    let body = format!("{why}\n");
    let mut answer = security();
    answer.push(("Content-Type", "text/plain; charset=utf-8".into()));
    answer.extend_from_slice(more);
    let close = request.is_none_or(|request| request.close);
    http::write_head(writer, status, &answer, u64::try_from(body.len()).map_err(io::Error::other)?, close)?;
    if request.is_some_and(|request| request.method == "HEAD") {
        return Ok(());
    }
    writer.write_all(body.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

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
        let (head, body) = ask(port, "HEAD /none HTTP/1.1\r\nHost: l\r\nConnection: close\r\n\r\n");
        assert!(head.starts_with("http/1.1 404") && body.is_empty(), "{head}");
        let (head, body) = ask(port, "HEAD /app.wasm HTTP/1.1\r\nHost: l\r\nConnection: close\r\n\r\n");
        assert!(head.contains("content-length: 200000") && body.is_empty(), "{head}");
        std::fs::remove_dir_all(&folder).expect("removed");
    }

    #[test]
    fn idle_connections_do_not_hold_up_others() {
        let folder = std::env::temp_dir().join(format!("xtask-idle-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("made");
        std::fs::write(folder.join("a.css"), "p{}").expect("written");
        let server = Server::bind(&folder, 0).expect("binds");
        let port = server.port;
        server.run_in_background();
        // A browser opens connections ahead of its requests, and keeps them.
        let idle: Vec<TcpStream> =
            (0..32).map(|_| TcpStream::connect(("127.0.0.1", port)).expect("connects")).collect();
        for mut stream in idle {
            stream.set_read_timeout(Some(Duration::from_secs(10))).expect("set");
            for _ in 0..2 {
                stream.write_all(b"GET /a.css HTTP/1.1\r\nHost: l\r\n\r\n").expect("sends");
                let mut answer = vec![0; 4096];
                let mut received = 0;
                while !answer[..received].ends_with(b"p{}") {
                    let read = stream.read(&mut answer[received..]).expect("receives");
                    assert!(read > 0, "closed");
                    received += read;
                }
            }
        }
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
