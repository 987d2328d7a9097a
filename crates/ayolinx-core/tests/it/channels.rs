//! The channel table and the operator's file over it.

use std::time::Duration;

use ayolinx_core::channels::{
    AmountRule, ChannelTable, Environment, FeeBearer, PAYMENT_LINK_CHANNEL, QrCheck,
};
use ayolinx_core::method::Method;
use ayolinx_core::money::Amount;

fn sandbox() -> ChannelTable {
    ChannelTable::built_in(Environment::NonProduction)
}

fn refused(toml: &str) -> String {
    sandbox().overlay(toml).unwrap_err().to_string()
}

#[test]
fn every_documented_channel_is_there_with_its_method() {
    let table = sandbox();
    for (code, method) in [
        ("BNC_QRIS", Method::Qris),
        ("EMONEY_DANA_SNAP", Method::Ewallet),
        ("VIRTUAL_ACCOUNT_BNI", Method::VirtualAccount),
        ("VIRTUAL_ACCOUNT_CIMB", Method::VirtualAccount),
        ("VIRTUAL_ACCOUNT_MANDIRI", Method::VirtualAccount),
        ("VIRTUAL_ACCOUNT_BRI", Method::VirtualAccount),
        ("VIRTUAL_ACCOUNT_BCA", Method::VirtualAccount),
        ("VIRTUAL_ACCOUNT_PERMATA", Method::VirtualAccount),
        ("RETAIL_ALFAMART", Method::Retail),
        ("RETAIL_PEGADAIAN", Method::Retail),
        ("RETAIL_POS_INDONESIA", Method::Retail),
        ("RETAIL_ALFAMIDI", Method::Retail),
        ("RETAIL_DANDAN", Method::Retail),
        (PAYMENT_LINK_CHANNEL, Method::PaymentLink),
    ] {
        assert_eq!(
            table.get(code).map(|channel| channel.method),
            Some(method),
            "{code}"
        );
    }
    assert_eq!(table.iter().count(), 14);
    assert_eq!(table.get("NO_SUCH"), None);
}

#[test]
fn limits_belong_to_the_channel() {
    let table = sandbox();
    let days = |days: u64| Duration::from_secs(days * 24 * 3600);
    for (code, min, max, life) in [
        ("BNC_QRIS", 1, 10_000_000, 7),
        ("EMONEY_DANA_SNAP", 1, 20_000_000, 7),
        ("VIRTUAL_ACCOUNT_BNI", 10_000, 500_000_000, 30),
        ("VIRTUAL_ACCOUNT_CIMB", 10_000, 500_000_000, 30),
        ("VIRTUAL_ACCOUNT_MANDIRI", 10_000, 500_000_000, 30),
        ("VIRTUAL_ACCOUNT_BRI", 10_000, 500_000_000, 30),
        ("VIRTUAL_ACCOUNT_BCA", 10_000, 50_000_000, 30),
        ("VIRTUAL_ACCOUNT_PERMATA", 10_000, 50_000_000, 30),
        ("RETAIL_ALFAMART", 10_000, 5_000_000, 7),
        ("RETAIL_ALFAMIDI", 10_000, 2_500_000, 7),
        ("RETAIL_DANDAN", 10_000, 5_000_000, 7),
        ("RETAIL_PEGADAIAN", 10_000, 2_500_000, 7),
        ("RETAIL_POS_INDONESIA", 10_000, 2_500_000, 7),
        (PAYMENT_LINK_CHANNEL, 1_000, 50_000_000, 30),
    ] {
        let channel = table.get(code).unwrap();
        assert_eq!(channel.min, Amount::rupiah(min).unwrap(), "{code}");
        assert_eq!(channel.max, Amount::rupiah(max).unwrap(), "{code}");
        assert_eq!(channel.max_expiry, days(life), "{code}");
        assert_eq!(channel.default_expiry, days(1), "{code}");
    }
}

#[test]
fn what_a_channel_can_is_known_of_each() {
    let table = sandbox();
    for channel in table.iter() {
        let code = channel.code.as_str();
        assert_eq!(
            channel.can_inquire(),
            code != PAYMENT_LINK_CHANNEL,
            "{code}"
        );
        assert_eq!(channel.can_cancel(), code == "BNC_QRIS", "{code}");
        assert!(!channel.can_refund(), "{code}");
        let typed = [
            "VIRTUAL_ACCOUNT_CIMB",
            "VIRTUAL_ACCOUNT_BRI",
            "VIRTUAL_ACCOUNT_PERMATA",
            PAYMENT_LINK_CHANNEL,
        ];
        assert_eq!(channel.amount_is_fixed, !typed.contains(&code), "{code}");
    }
}

#[test]
fn qr_check_fees_and_settlement_are_kept_on_the_channel() {
    let plain = sandbox();
    let qris = plain.get("BNC_QRIS").unwrap();
    assert_eq!(qris.qr_check, QrCheck::Strict);
    assert_eq!((qris.fee_percent, qris.fee_fixed), (None, None));
    assert_eq!(qris.fee_borne_by, FeeBearer::Merchant);
    assert_eq!(qris.settlement_days, None);
    let table = sandbox()
        .overlay(
            r#"
            [BNC_QRIS]
            qr_check = "report"
            fee_percent = "0.7"
            settlement_days = 1

            [VIRTUAL_ACCOUNT_BNI]
            fee_fixed = "4000.00"
            fee_borne_by = "operator"
            settlement_days = 0
            "#,
        )
        .unwrap();
    let qris = table.get("BNC_QRIS").unwrap();
    assert_eq!(qris.qr_check, QrCheck::Report);
    assert_eq!(qris.fee_percent, Some("0.7".parse().unwrap()));
    assert_eq!((qris.fee_fixed, qris.settlement_days), (None, Some(1)));
    let bank = table.get("VIRTUAL_ACCOUNT_BNI").unwrap();
    assert_eq!(bank.fee_fixed, Some(Amount::rupiah(4_000).unwrap()));
    assert_eq!(bank.fee_borne_by, FeeBearer::Operator);
    assert_eq!((bank.fee_percent, bank.settlement_days), (None, Some(0)));
}

#[test]
fn unconfirmed_banks_are_off_and_prefixes_are_the_sandboxs_only() {
    let table = sandbox();
    for code in ["VIRTUAL_ACCOUNT_BCA", "VIRTUAL_ACCOUNT_PERMATA"] {
        assert!(!table.get(code).unwrap().is_available(), "{code}");
    }
    assert!(table.get("VIRTUAL_ACCOUNT_BNI").unwrap().is_available());
    let production = ChannelTable::built_in(Environment::Production);
    for bank in production.of_method(Method::VirtualAccount) {
        assert!(bank.lacks_prefix() && !bank.is_available(), "{}", bank.code);
    }
    assert!(production.get("BNC_QRIS").unwrap().is_available());
    assert!(
        production
            .offered_by_links()
            .all(|channel| channel.method != Method::VirtualAccount)
    );
}

#[test]
fn a_method_with_one_available_channel_needs_no_choice() {
    let table = sandbox();
    assert_eq!(table.only_available(Method::Qris).unwrap().code, "BNC_QRIS");
    assert_eq!(table.only_available(Method::VirtualAccount), None);
    let off = table.overlay("[BNC_QRIS]\nenabled = false\n").unwrap();
    assert_eq!(off.only_available(Method::Qris), None);
}

#[test]
fn the_operators_file_changes_only_what_it_names() {
    let table = sandbox()
        .overlay(
            r#"
            [BNC_QRIS]
            min = 500
            max = "2000000.00"
            default_expiry = "15m"
            max_expiry = 3600
            inquiries_per_second = 3
            amount_rule = "net_of_fee"

            [EMONEY_DANA_SNAP]
            redirect_hosts = ["m.dana.id"]

            [channels.VIRTUAL_ACCOUNT_BCA]
            enabled = true
            partner_service_id = "11223"

            [VIRTUAL_ACCOUNT_BSI]
            method = "virtual_account"
            partner_service_id = "9009"
            "#,
        )
        .unwrap();
    let qris = table.get("BNC_QRIS").unwrap();
    assert_eq!(qris.min, Amount::rupiah(500).unwrap());
    assert_eq!(qris.max, Amount::rupiah(2_000_000).unwrap());
    assert_eq!(qris.default_expiry, Duration::from_secs(900));
    assert_eq!(qris.max_expiry, Duration::from_secs(3600));
    assert_eq!(
        (qris.inquiries_per_second, qris.amount_rule),
        (3, AmountRule::NetOfFee)
    );
    assert!(qris.enabled);
    assert_eq!(
        table.get("EMONEY_DANA_SNAP").unwrap().redirect_hosts,
        ["m.dana.id"]
    );
    assert!(table.get("VIRTUAL_ACCOUNT_BCA").unwrap().is_available());
    let added = table.get("VIRTUAL_ACCOUNT_BSI").unwrap();
    assert!(added.is_available() && added.short_name == "BSI");
    assert_eq!(
        table.get("RETAIL_ALFAMART"),
        sandbox().get("RETAIL_ALFAMART")
    );
}

#[test]
fn what_the_file_gets_wrong_is_named() {
    for (toml, named) in [
        ("[NO_SUCH]\nenabled = true\n", "NO_SUCH"),
        ("[BNC_QRIS]\nmim = 1\n", "mim"),
        ("[BNC_QRIS]\nmin = 1.5\n", "min"),
        ("[BNC_QRIS]\nmin = \"1000.50\"\n", "min"),
        ("[BNC_QRIS]\nmin = 20000000\n", "min"),
        ("[BNC_QRIS]\nmethod = \"retail\"\n", "method"),
        ("[BNC_QRIS]\nmethod = \"bank\"\n", "method"),
        ("[BNC_QRIS]\ndefault_expiry = \"1y\"\n", "default_expiry"),
        ("[BNC_QRIS]\nmax_expiry = 0\n", "max_expiry"),
        ("[BNC_QRIS]\nmax_expiry = \"1h\"\n", "default_expiry"),
        (
            "[BNC_QRIS]\ninquiries_per_second = 0\n",
            "inquiries_per_second",
        ),
        ("[BNC_QRIS]\namount_rule = \"about\"\n", "amount_rule"),
        ("[BNC_QRIS]\nenabled = \"yes\"\n", "BNC_QRIS"),
        ("[BNC_QRIS]\nqr_check = \"off\"\n", "qr_check"),
        ("[RETAIL_DANDAN]\nqr_check = \"report\"\n", "qr_check"),
        ("[BNC_QRIS]\nfee_percent = 0.7\n", "fee_percent"),
        ("[BNC_QRIS]\nfee_percent = \"0.7%\"\n", "fee_percent"),
        ("[BNC_QRIS]\nfee_fixed = 4000\n", "fee_fixed"),
        ("[BNC_QRIS]\nfee_fixed = \"-1\"\n", "fee_fixed"),
        ("[BNC_QRIS]\nfee_borne_by = \"shop\"\n", "fee_borne_by"),
        ("[BNC_QRIS]\nsettlement_days = -1\n", "settlement_days"),
        ("[BNC_QRIS]\nsettlement_days = 367\n", "settlement_days"),
        ("[BNC_QRIS]\nsettlement_days = \"1\"\n", "settlement_days"),
        (
            "[VIRTUAL_ACCOUNT_BNI]\npartner_service_id = \"12x\"\n",
            "partner_service_id",
        ),
        (
            "[EMONEY_DANA_SNAP]\nredirect_hosts = [\"https://a.id/\"]\n",
            "redirect_hosts",
        ),
        ("channels = 1\n", "channels"),
        ("[BNC_QRIS\n", "TOML"),
        ("BNC_QRIS = 1\n", "BNC_QRIS"),
    ] {
        let message = refused(toml);
        assert!(message.contains(named), "{toml} -> {message}");
    }
}
