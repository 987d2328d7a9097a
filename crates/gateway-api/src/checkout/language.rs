//! The two languages of the payer's pages, which of them a payer gets, and every text in both.

use ayolinx_core::method::Method;

/// A language of the pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// Indonesian, the default.
    Indonesian,
    /// English, for those whose browser prefers it.
    English,
}

impl Language {
    /// Reads `id` or `en`, also with a region; `in` is the old code of Indonesian.
    #[must_use]
    pub fn of_tag(tag: &str) -> Option<Self> {
        let primary = tag.trim().split('-').next().unwrap_or_default();
        match primary.to_ascii_lowercase().as_str() {
            "id" | "in" => Some(Self::Indonesian),
            "en" => Some(Self::English),
            _ => None,
        }
    }

    /// Returns the language that an `Accept-Language` header prefers; Indonesian when it prefers
    /// neither.
    #[must_use]
    pub fn of_header(accept: Option<&str>) -> Self {
        let mut best = (0, Self::Indonesian);
        for range in accept.unwrap_or_default().split(',') {
            let (tag, parameters) = range.split_once(';').unwrap_or((range, ""));
            let weight = weight(parameters);
            if let Some(language) = Self::of_tag(tag)
                && weight > best.0
            {
                best = (weight, language);
            }
        }
        best.1
    }

    /// Returns `id` or `en`.
    #[must_use]
    pub const fn tag(self) -> &'static str {
        match self {
            Self::Indonesian => "id",
            Self::English => "en",
        }
    }

    pub(super) const fn texts(self) -> &'static Texts {
        match self {
            Self::Indonesian => &INDONESIAN,
            Self::English => &ENGLISH,
        }
    }
}

/// Reads `q=0.8` as 800; 1000 when absent, 0 when unreadable.
fn weight(parameters: &str) -> u16 {
    let Some(q) = parameters.trim().strip_prefix("q=") else {
        return 1000;
    };
    let (whole, decimals) = q.trim().split_once('.').unwrap_or((q.trim(), ""));
    let thousandths: String = decimals.chars().chain("000".chars()).take(3).collect();
    match (whole, thousandths.parse()) {
        ("1", _) => 1000,
        ("0", Ok(thousandths)) => thousandths,
        _ => 0,
    }
}

macro_rules! texts {
    ($($name:ident: $indonesian:literal, $english:literal;)+) => {
        /// Every text of the pages in one language.
        pub(super) struct Texts {
            $(pub(super) $name: &'static str,)+
        }

        const INDONESIAN: Texts = Texts { $($name: $indonesian,)+ };
        const ENGLISH: Texts = Texts { $($name: $english,)+ };
    };
}

texts! {
    order: "Pesanan", "Order";
    language: "Bahasa", "Language";
    preparing: "Menyiapkan pembayaran", "Preparing the payment";
    preparing_text: "Sebentar, halaman ini memperbarui diri.", "One moment, this page updates itself.";
    choose: "Pilih cara membayar", "Choose how to pay";
    another: "Bayar dengan cara lain", "Pay another way";
    again: "Coba lagi atau pilih cara lain", "Try again, or choose another way";
    refused: "Cara itu sedang tidak dapat dipakai. Coba lagi, atau pilih cara lain.", "That way cannot be used right now. Try again, or choose another.";
    was_failed: "Percobaan sebelumnya tidak berhasil. Silakan pilih lagi.", "The last attempt did not work. Please choose again.";
    busy: "Menyiapkan …", "Preparing …";
    no_choice: "Tidak ada cara membayar yang tersedia. Hubungi toko.", "No way to pay is available. Contact the shop.";
    scan: "Pindai untuk membayar", "Scan to pay";
    qr_alt: "Kode QRIS", "QRIS code";
    save_qr: "Simpan gambar QR", "Save the QR picture";
    qr_step_1: "Buka aplikasi bank atau dompet digital Anda.", "Open your bank or wallet app.";
    qr_step_2: "Pindai kode QR, atau unggah gambarnya dari galeri.", "Scan the QR code, or upload its picture from your gallery.";
    qr_step_3: "Periksa jumlahnya, lalu bayar.", "Check the amount, then pay.";
    go_on: "Lanjutkan pembayaran", "Continue to payment";
    go_on_text: "Selesaikan pembayaran di halaman yang terbuka, lalu kembali ke sini.", "Finish the payment on the page that opens, then come back here.";
    go_on_button: "Bayar sekarang", "Pay now";
    pay_with: "Bayar dengan", "Pay with";
    app_text: "Selesaikan pembayaran di aplikasi, lalu kembali ke sini.", "Finish the payment in the app, then come back here.";
    open_app: "Buka", "Open";
    transfer: "Transfer ke virtual account", "Transfer to virtual account";
    bank: "Bank", "Bank";
    va_number: "Nomor virtual account", "Virtual account number";
    account_name: "Nama", "Name";
    exact_amount: "Jumlah tepat", "Exact amount";
    va_step_1: "Buka aplikasi bank atau ATM, pilih virtual account.", "Open your banking app or an ATM and choose virtual account.";
    va_step_2: "Masukkan nomor di atas dan periksa namanya.", "Enter the number above and check the name.";
    va_step_3: "Bayar tepat sejumlah yang tertera.", "Pay exactly the amount shown.";
    pay_at: "Bayar di", "Pay at";
    payment_code: "Kode pembayaran", "Payment code";
    retail_step_1: "Datang ke kasir gerai terdekat.", "Go to the counter of the nearest store.";
    retail_step_2: "Sebutkan atau tunjukkan kode pembayaran.", "Tell or show the payment code.";
    retail_step_3: "Bayar dan simpan struknya.", "Pay and keep the receipt.";
    instructions: "Petunjuk lengkap", "Full instructions";
    copy: "Salin", "Copy";
    copied: "Tersalin", "Copied";
    copy_by_hand: "Tekan lama", "Hold it";
    check_now: "Sudah bayar? Periksa", "Paid? Check now";
    pay_before: "Bayar sebelum", "Pay before";
    time_left: "Sisa waktu", "Time left";
    waiting: "Menunggu pembayaran", "Waiting for the payment";
    back_to_shop: "Kembali ke toko", "Back to the shop";
    paid_at: "Dibayar", "Paid";
    paid_by: "Lewat", "With";
    how: "Cara membayar", "How to pay";
    paid: "Pembayaran berhasil", "Payment received";
    paid_text: "Terima kasih. Toko sudah diberi tahu.", "Thank you. The shop has been told.";
    expired: "Waktu habis", "Time is up";
    expired_text: "Pesanan ini tidak dapat dibayar lagi. Mintalah tautan baru dari toko.", "This order can no longer be paid. Ask the shop for a new link.";
    over_text: "Jangan membayar lagi. Jika Anda sudah membayar, halaman ini memperbarui diri.", "Do not pay any more. If you have paid already, this page updates itself.";
    late: "Pembayaran terlambat diterima", "Payment received late";
    late_text: "Uang Anda masuk setelah batas waktu. Toko sudah diberi tahu dan akan menghubungi Anda.", "Your money came in after the time was up. The shop has been told and will contact you.";
    cancelled: "Pesanan dibatalkan", "Order cancelled";
    cancelled_text: "Jangan membayar lagi. Hubungi toko bila ini keliru.", "Do not pay any more. Contact the shop if this is wrong.";
    failed: "Pembayaran gagal", "Payment failed";
    failed_text: "Tidak ada uang yang diterima.", "No money was received.";
    review: "Pembayaran sedang diperiksa", "Payment under review";
    review_text: "Jangan membayar lagi. Toko akan menghubungi Anda.", "Do not pay again. The shop will contact you.";
    refunded: "Dana dikembalikan", "Money refunded";
    refunded_text: "Pembayaran ini sudah dikembalikan.", "This payment has been given back.";
    not_found: "Tautan tidak berlaku", "This link is not valid";
    not_found_text: "Periksa tautan dari toko, atau mintalah yang baru.", "Check the link from the shop, or ask for a new one.";
    unavailable: "Sedang ada gangguan", "Something is not working";
    unavailable_text: "Coba lagi sebentar lagi. Jika Anda sudah membayar, uang Anda aman.", "Try again in a moment. If you have paid, your money is safe.";
    wallet: "Dompet digital", "E-wallet";
    virtual_account: "Virtual account", "Virtual account";
    store: "Gerai", "Store";
    any_bank: "Semua bank dan dompet", "Any bank or wallet";
    link: "Halaman pembayaran", "Payment page";
}

impl Texts {
    /// Returns the kind of a method, shown beside a channel's name.
    pub(super) const fn method(&self, method: &Method) -> &'static str {
        match method {
            Method::Qris => self.any_bank,
            Method::Ewallet => self.wallet,
            Method::VirtualAccount => self.virtual_account,
            Method::Retail => self.store,
            Method::PaymentLink => self.link,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_decides_and_indonesian_is_the_default() {
        for (header, language) in [
            ("", Language::Indonesian),
            ("id", Language::Indonesian),
            ("en", Language::English),
            ("en-GB,en;q=0.9", Language::English),
            ("id-ID,id;q=0.9,en-US;q=0.8,en;q=0.7", Language::Indonesian),
            ("fr, en;q=0.8, id;q=0.9", Language::Indonesian),
            ("fr,de", Language::Indonesian),
            ("in-ID,en;q=0.1", Language::Indonesian),
            ("en;q=0", Language::Indonesian),
            ("en;q=x", Language::Indonesian),
            ("*", Language::Indonesian),
        ] {
            assert_eq!(Language::of_header(Some(header)), language, "{header}");
        }
        assert_eq!(Language::of_header(None), Language::Indonesian);
    }
}
