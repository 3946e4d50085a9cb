//! Certificates of every kind that a Go host accepts or refuses, measured on go-plugin 1.8.

use std::time::{Duration, SystemTime};

use rcgen::{
    BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    PKCS_ECDSA_P521_SHA512, SanType,
};
use rstest::rstest;
use rustls::crypto::aws_lc_rs;

use super::*;
use crate::tls::Identity;

const DAY: Duration = Duration::from_secs(86_400);

fn judged(change: impl FnOnce(&mut CertificateParams)) -> Result<(), TlsError> {
    let mut params = CertificateParams::default();
    params.subject_alt_names = vec![SanType::DnsName(SERVER_NAME.try_into().unwrap())];
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    change(&mut params);
    let pair = KeyPair::generate_for(&PKCS_ECDSA_P521_SHA512).unwrap();
    let certificate = params.self_signed(&pair).unwrap();
    verdict(certificate.der())
}

fn verdict(certificate: &CertificateDer<'_>) -> Result<(), TlsError> {
    let algorithms = aws_lc_rs::default_provider().signature_verification_algorithms;
    judge(certificate, UnixTime::now(), &algorithms)
}

#[test]
fn what_go_plugin_makes_is_good() {
    verdict(Identity::fresh().unwrap().certificate()).unwrap();
}

#[rstest]
#[case::leaf(IsCa::NoCa)]
#[case::explicit_leaf(IsCa::ExplicitNoCa)]
#[case::ca(IsCa::Ca(BasicConstraints::Constrained(0)))]
fn whether_it_may_sign_others_does_not_matter(#[case] is_ca: IsCa) {
    judged(|params| params.is_ca = is_ca).unwrap();
}

#[rstest]
#[case::of_a_leaf(IsCa::NoCa)]
#[case::of_a_ca(IsCa::Ca(BasicConstraints::Unconstrained))]
fn it_has_a_time(#[case] is_ca: IsCa) {
    let now = SystemTime::now();
    let over = judged(|params| {
        params.is_ca = is_ca;
        params.not_before = (now - 2 * DAY).into();
        params.not_after = (now - DAY).into();
    });
    assert_eq!(over, Err(TlsError::Expired));
    let early = judged(|params| {
        params.is_ca = is_ca;
        params.not_before = (now + DAY).into();
        params.not_after = (now + 2 * DAY).into();
    });
    assert_eq!(early, Err(TlsError::NotYetValid));
}

#[test]
fn it_has_a_name() {
    let none = judged(|params| params.subject_alt_names.clear());
    assert_eq!(none, Err(TlsError::NoName));
    let other = judged(|params| {
        params.subject_alt_names = vec![SanType::DnsName("example.com".try_into().unwrap())];
    });
    let names = vec!["example.com".to_owned()];
    assert_eq!(other, Err(TlsError::OtherName { names }));
    let address = judged(|params| {
        params.subject_alt_names = vec![SanType::IpAddress([127, 0, 0, 1].into())];
    });
    assert_eq!(address, Err(TlsError::OtherName { names: Vec::new() }));
}

#[rstest]
#[case::none(vec![], Ok(()))]
#[case::server(vec![ExtendedKeyUsagePurpose::ServerAuth], Ok(()))]
#[case::any(vec![ExtendedKeyUsagePurpose::Any], Ok(()))]
#[case::both(vec![ExtendedKeyUsagePurpose::ClientAuth, ExtendedKeyUsagePurpose::ServerAuth], Ok(()))]
#[case::client(vec![ExtendedKeyUsagePurpose::ClientAuth], Err(TlsError::Usage))]
fn it_is_meant_for_servers(
    #[case] usages: Vec<ExtendedKeyUsagePurpose>,
    #[case] expect: Result<(), TlsError>,
    #[values(true, false)] may_sign: bool,
) {
    let found = judged(|params| {
        params.extended_key_usages = usages;
        if !may_sign {
            params.is_ca = IsCa::NoCa;
        }
    });
    assert_eq!(found, expect);
}

#[test]
fn garbage_is_no_certificate() {
    let found = verdict(&CertificateDer::from(vec![0x30, 0x00]));
    assert!(matches!(found, Err(TlsError::Other(_))), "{found:?}");
}
