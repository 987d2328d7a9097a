//! The sockets between a replica and the rest: the provider's HTTP, whose answers wait at gates, and
//! the line to Postgres, which can hold or cut a commit.

use std::net::SocketAddr;
use std::sync::Arc;

use ayolinx_core::messages::paths;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::provider::Question;
use super::world::{At, Fault, Line, Release, World};

const COMMIT: &[u8] = b"COMMIT\0";
const WRITER: &[u8] = b"ayolinx-gateway-writer";
const TOKEN: &str = r#"{"responseCode":"2007300","responseMessage":"Successful","accessToken":"token","tokenType":"Bearer","expiresIn":"900"}"#;

/// The two ports of a replica.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ports {
    pub(crate) provider: u16,
    pub(crate) database: u16,
}

/// Opens the ports of both replicas; a thread of its own serves them as long as the process lives.
pub(crate) fn open(world: &Arc<World>, postgres: SocketAddr) -> [Ports; 2] {
    let (send, receive) = std::sync::mpsc::channel();
    let world = Arc::clone(world);
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let mut ports = Vec::new();
            for replica in 0..2 {
                ports.push(Ports {
                    provider: listen(&world, move |world, stream| {
                        provider(world, replica, stream)
                    })
                    .await,
                    database: listen(&world, move |world, stream| {
                        database(world, replica, stream, postgres)
                    })
                    .await,
                });
            }
            send.send([ports[0], ports[1]]).unwrap();
            std::future::pending::<()>().await;
        });
    });
    receive.recv().unwrap()
}

async fn listen<F, Fut>(world: &Arc<World>, serve: F) -> u16
where
    F: Fn(Arc<World>, TcpStream) -> Fut + Send + 'static,
    Fut: Future<Output = Option<()>> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let world = Arc::clone(world);
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            stream.set_nodelay(true).unwrap();
            tokio::spawn(serve(Arc::clone(&world), stream));
        }
    });
    port
}

/// `None` when the other side is gone: that is part of the game.
async fn provider(world: Arc<World>, replica: usize, mut stream: TcpStream) -> Option<()> {
    let (path, body) = request(&mut stream).await?;
    let (status, text) = if path == paths::TOKEN {
        (200, TOKEN.to_owned())
    } else {
        let question = Question::of(&path, &body);
        match world.wait(replica, At::Provider(question)).await? {
            Release::Answer(status, text) => (status, text),
            Release::Cut => return None,
        }
    };
    let length = text.len();
    let head = format!("HTTP/1.1 {status} X\r\ncontent-length: {length}\r\n\r\n");
    stream.write_all((head + &text).as_bytes()).await.ok()
}

async fn request(stream: &mut TcpStream) -> Option<(String, Vec<u8>)> {
    let mut read = Vec::new();
    let (head, length) = loop {
        if stream.read_buf(&mut read).await.ok()? == 0 {
            return None;
        }
        let Some(end) = read.windows(4).position(|four| four == b"\r\n\r\n") else {
            continue;
        };
        let head = String::from_utf8(read[..end].to_vec()).ok()?;
        let length = head.lines().find_map(|line| {
            let (name, value) = line.split_once(": ")?;
            name.eq_ignore_ascii_case("content-length")
                .then(|| value.parse::<usize>().ok())?
        })?;
        read.drain(..end + 4);
        break (head, length);
    };
    while read.len() < length {
        stream.read_buf(&mut read).await.ok()?;
    }
    let path = head.split(' ').nth(1)?.to_owned();
    Some((path, read))
}

async fn database(
    world: Arc<World>,
    replica: usize,
    mut ours: TcpStream,
    postgres: SocketAddr,
) -> Option<()> {
    let mut theirs = TcpStream::connect(postgres).await.ok()?;
    theirs.set_nodelay(true).ok()?;
    let (mut up, mut down) = (vec![0; 65_536], vec![0; 65_536]);
    let mut line = Line::Single;
    loop {
        tokio::select! {
            sent = ours.read(&mut up) => {
                let sent = &up[..sent.ok().filter(|count| *count > 0)?];
                let says = |word: &[u8]| sent.windows(word.len()).any(|some| some == word);
                if says(WRITER) {
                    line = Line::Writer;
                }
                let commits = says(COMMIT);
                let fault = if commits { world.fault(replica) } else { None };
                if fault == Some(Fault::CutBefore) {
                    return None;
                }
                theirs.write_all(sent).await.ok()?;
                let Some(fault) = fault else {
                    continue;
                };
                let count = theirs.read(&mut down).await.ok().filter(|count| *count > 0)?;
                if fault == Fault::CutAfter {
                    return None;
                }
                match world.wait(replica, At::Commit(line)).await? {
                    Release::Answer(..) => ours.write_all(&down[..count]).await.ok()?,
                    Release::Cut => return None,
                }
            }
            came = theirs.read(&mut down) => {
                let came = &down[..came.ok().filter(|count| *count > 0)?];
                ours.write_all(came).await.ok()?;
            }
        }
    }
}
