//! Pages: the parts of every HTML page: protective headers, files from the program, QR pictures, amounts. The
//! checkout, the documents and the shops' QR calls use it; it knows no order.
//! Invariant: no reply leaves without the headers that keep it from being framed, sniffed or stored.

pub mod assets;
pub mod pictures;
pub mod qr;
pub mod reply;
pub mod routes;
pub mod rupiah;
