//! As much of Redis as the token cache uses, in memory, and able to fall silent, speak nonsense, or count.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Mood {
    Well,
    /// Accepts, never answers.
    Silent,
    /// Answers nonsense.
    Garbling,
}

pub(crate) struct FakeRedis {
    port: u16,
    values: Arc<Mutex<HashMap<String, Vec<u8>>>>,
}

impl FakeRedis {
    pub(crate) fn start(mood: Mood) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let values = Arc::new(Mutex::new(HashMap::new()));
        let shared = Arc::clone(&values);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let values = Arc::clone(&shared);
                std::thread::spawn(move || serve(stream.unwrap(), mood, &values));
            }
        });
        Self { port, values }
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/", self.port)
    }

    pub(crate) fn keys(&self) -> Vec<String> {
        self.values.lock().unwrap().keys().cloned().collect()
    }

    pub(crate) fn value_like(&self, part: &str) -> Option<Vec<u8>> {
        let values = self.values.lock().unwrap();
        values
            .iter()
            .find(|(key, _)| key.contains(part))
            .map(|(_, value)| value.clone())
    }

    pub(crate) fn overwrite(&self, part: &str, value: &[u8]) {
        for (key, old) in self.values.lock().unwrap().iter_mut() {
            if key.contains(part) {
                *old = value.to_vec();
            }
        }
    }

    pub(crate) fn rename(&self, from: &str, to: &str) {
        let mut values = self.values.lock().unwrap();
        let key = values
            .keys()
            .find(|key| key.contains(from))
            .unwrap()
            .clone();
        let value = values.remove(&key).unwrap();
        values.insert(key.replace(from, to), value);
    }
}

fn serve(stream: TcpStream, mood: Mood, values: &Mutex<HashMap<String, Vec<u8>>>) {
    let mut out = stream.try_clone().unwrap();
    let mut reader = BufReader::new(stream);
    while let Some(command) = read_command(&mut reader) {
        let reply = match mood {
            Mood::Silent => continue,
            Mood::Garbling => b"$5\r\nxx".to_vec(),
            Mood::Well => answer(&command, &mut values.lock().unwrap()),
        };
        if out.write_all(&reply).is_err() {
            return;
        }
    }
}

fn answer(command: &[Vec<u8>], values: &mut HashMap<String, Vec<u8>>) -> Vec<u8> {
    let text = |at: usize| String::from_utf8_lossy(&command[at]).into_owned();
    let key = || text(1);
    match text(0).to_ascii_uppercase().as_str() {
        "GET" => bulk(values.get(&key())),
        "SET" => {
            let only_new = command.iter().any(|part| part.eq_ignore_ascii_case(b"NX"));
            if only_new && values.contains_key(&key()) {
                return b"$-1\r\n".to_vec();
            }
            values.insert(key(), command[2].clone());
            b"+OK\r\n".to_vec()
        }
        // The only script there is: compare and delete.
        "EVALSHA" | "EVAL" => {
            let (lock, owner) = (text(3), &command[4]);
            if values.get(&lock) == Some(owner) {
                values.remove(&lock);
                return b":1\r\n".to_vec();
            }
            b":0\r\n".to_vec()
        }
        _ => b"+OK\r\n".to_vec(),
    }
}

fn bulk(value: Option<&Vec<u8>>) -> Vec<u8> {
    match value {
        None => b"$-1\r\n".to_vec(),
        Some(value) => {
            let mut reply = format!("${}\r\n", value.len()).into_bytes();
            reply.extend_from_slice(value);
            reply.extend_from_slice(b"\r\n");
            reply
        }
    }
}

fn read_command(reader: &mut BufReader<TcpStream>) -> Option<Vec<Vec<u8>>> {
    let parts = read_number(reader, '*')?;
    (0..parts)
        .map(|_| {
            let length = read_number(reader, '$')?;
            let mut part = vec![0; length + 2];
            reader.read_exact(&mut part).ok()?;
            part.truncate(length);
            Some(part)
        })
        .collect()
}

fn read_number(reader: &mut BufReader<TcpStream>, sign: char) -> Option<usize> {
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    line.trim_end().strip_prefix(sign)?.parse().ok()
}
