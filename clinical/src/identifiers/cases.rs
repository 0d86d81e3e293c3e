//! Notes in other words than those of `data/`: what is between `⟦` and `⟧` must be covered, and of the rest nothing may be.

use std::ops::Range;

use proptest::prelude::*;

use super::labelled::LISTS;
use super::*;
use crate::growth::grows_less;

const CASES: &[&str] = &[
    // Names.
    "⟦Margaret Whitcombe⟧ attended for a new patient examination with her husband ⟦Alan⟧.",
    "Mr ⟦Patel⟧ c/o broken filling LR6, seen today with student ⟦Okafor⟧.",
    "Spoke to Mrs. ⟦Featherstonehaugh⟧ about the fee for the crown.",
    "Referred by Dr ⟦A. B. Cholmondeley⟧ for extraction of 48.",
    "pt ⟦john smith⟧ wants whitening",
    "Reviewed by ⟦K. Subramaniam⟧ and ⟦P. O'Leary⟧ on the ward.",
    "⟦Nguyễn Thị Lan⟧ is anxious about needles.",
    "⟦GONZALEZ-PEREZ, Maria⟧ lost the retainer.",
    "Tandarts ⟦Jan de Vries⟧ belde terug.",
    "Frau ⟦Annegret Schröder-Lüdemann⟧ klagt über Schmerzen an Zahn 36 und wurde mit Amoxicillin behandelt.",
    "Herr Dr. ⟦Klaus Obermeier⟧ hat die Brücke am Zahn 24 und die Krone bei der Kontrolle geprüft.",
    "Le patient M. ⟦Jean-Luc Moreau⟧ revient pour la dent 26.",
    "La señora ⟦Carmen Ruiz de la Torre⟧ refiere dolor en 46.",
    "Consent was explained to ⟦Sarah⟧ and signed; ⟦Sarah⟧ understands the risks.",
    "Signed: ⟦J. Whitaker⟧, dental nurse ⟦B. Oyelaran⟧.",
    "Escort: ⟦Bob⟧. Dentist: ⟦S. Nakamura⟧.",
    "Her son ⟦Mark⟧ will collect her; ⟦Mark⟧ has her medication list.",
    "Dear ⟦Priya⟧, thank you for seeing this 34-year-old man.",
    "⟦Wilson⟧ came back with the same ulcer.",
    "Discussed with the consultant, Mr ⟦R. St John-Smythe⟧, who agrees.",
    "Prescribed amoxicillin 500 mg to ⟦Aoife Ní Dhomhnaill⟧.",
    "The ⟦Abernathy⟧ family moved away.",
    // Dates and ages.
    "Extraction on ⟦3/4/2025⟧, review ⟦17.04.2025⟧, sutures out ⟦2025-04-24⟧.",
    "DOB ⟦7 Sept 1961⟧. Last seen ⟦Jan 5th⟧, next ⟦5 Jan 2027⟧.",
    "He is ⟦94 years old⟧; his sister, ⟦aged 101⟧, came too.",
    "geb. ⟦03.02.1948⟧, Termin am ⟦12. März 2026⟧",
    "Né le ⟦1er avril 1980⟧, revu le ⟦14/07⟧.",
    "X-ray taken ⟦20250612⟧ and ⟦Feb. 22⟧.",
    "Last appointment in ⟦March 2024⟧, fit since ⟦15.1.⟧, then recalled.",
    "admitted ⟦12-AUG-24⟧ to ⟦14-AUG-24⟧",
    // Numbers of persons.
    "NHS No ⟦943 476 5919⟧, hospital number ⟦RX4471822⟧.",
    "NHS: ⟦9434765919⟧. CHI ⟦0101501234⟧.",
    "MRN ⟦00418823⟧; chart no. ⟦A-20391⟧.",
    "SSN ⟦219-09-9999⟧, NI ⟦QQ 12 34 56 C⟧.",
    "Delta Dental member ID ⟦DD 4471 8823⟧, group plan.",
    "AOK Versichertennummer ⟦A123456780⟧.",
    "Paid by Visa ⟦4242 4242 4242 4242⟧, IBAN ⟦GB82 WEST 1234 5698 7654 32⟧.",
    "Sort code ⟦20-00-00⟧ account ⟦55779911⟧ for the refund.",
    "GDC number ⟦72846⟧, DEA ⟦AB1234563⟧, NPI ⟦1234567893⟧.",
    "Driving licence ⟦MORGA657054SM9IJ⟧ seen.",
    "Passport ⟦533401372⟧; case ref ⟦CR/2024/0192⟧.",
    "Car reg ⟦LK19 XYZ⟧ blocks the entrance; VIN ⟦1M8GDM9AXKP042788⟧.",
    "Kennzeichen ⟦M-AB 1234⟧ auf dem Parkplatz.",
    "Implant LR6: serial no. ⟦SN-88213-04⟧; UDI ⟦(01)07630031733410(17)270331(10)ABC123⟧.",
    "Fingerprint ID ⟦FP-00231⟧ used at the door; voiceprint ⟦VP-2231-8⟧.",
    // Reaching a person.
    "Call ⟦020 7946 0991⟧ or ⟦+44 (0)20 7946 0992⟧; fax ⟦020 7946 0993⟧.",
    "Phone ⟦(415) 555-0132⟧, cell ⟦415.555.0133 x12⟧, ⟦+1-415-555-0134⟧.",
    "Tel. ⟦030 23125 014⟧, mobil ⟦0171 3920015⟧, Fax ⟦+49 30 23125-015⟧.",
    "Tél. ⟦01 99 00 12 34⟧, tel ⟦91 555 01 23⟧.",
    "e-mail ⟦m.whitcombe@nhs.example⟧; site ⟦www.whitcombe-dental.example/team⟧, ⟦https://x.example/p?id=9⟧",
    "uploaded to ⟦files.smilelab.example.com/case/88⟧ from ⟦198.51.100.24⟧ and ⟦2001:db8::8a2e:370:7334⟧",
    "tablet MAC ⟦00:1B:44:11:3A:B7⟧ logged in",
    "Photos ⟦IMG_4471.JPG⟧ and ⟦whitcombe_smile_2.heic⟧ on file.",
    // Places.
    "Lives at ⟦14 Rosebery Avenue, Tunbridge Wells TN1 2QR⟧ with her dog.",
    "Address: ⟦Flat 2b, 77 Kingsland Road, London, E2 8AG⟧.",
    "Moved to ⟦1600 Elmwood Dr, Apt 4, Springfield, IL 62704⟧.",
    "wohnhaft ⟦Goethestraße 12, 60313 Frankfurt am Main⟧",
    "habite ⟦12 rue de la Paix, 75002 Paris⟧",
    "Referred to ⟦Addenbrooke's Hospital⟧; works at ⟦Tesco Extra⟧ in ⟦Slough⟧.",
    "Teaches at ⟦St Hilda's Primary School, Leeds⟧.",
    "Born in ⟦Wolverhampton⟧, lives near ⟦Ashby⟧.",
    "Post to ⟦PO Box 221, Fargo, ND 58102⟧",
];

const SURVIVE: &[&str] = &[
    "Tooth 36, #14, UL4 and LR6; MOD composite A3 on 1.6. The rest is sound.",
    "Lidocaine 2 % with 1:100,000 epinephrine, 2.2 mL, max 4.4 mg/kg and 300 mg.",
    "Amoxicillin 500 mg three times daily for 5 days, then metronidazole 400 mg.",
    "BP 146/82, pulse 78, SpO2 98 %, INR 2.4, HbA1c 58 mmol/mol, at 10:15 and 14.30.",
    "Pain score 7/10 down to 2/10; BPE 212/121; PPD 323 434 323.",
    "Ludwig angina, Le Fort II, Kennedy class I, Angle class II, Hawley retainer, Gracey 11/12 and 13/14.",
    "Bell's palsy, Sjögren disease, Crohn's disease, Paget disease, Stevens-Johnson syndrome, Hutchinson's incisors.",
    "Miller class III recession, Black's class II cavity, Willis gauge, Adams clasps, Weber test.",
    "Glove box REF 11326; CPT 70355; D2740; ICD-10 K04.7; ISO 13485; HTM 01-05; CG64.",
    "Follow the NICE 2024 guideline and the SDCEP guidance of 2021.",
    "Duraphat 22,600 ppm, Corsodyl 0.2 %, Biodentine, Vicryl 4/0, Panavia V5.",
    "Restored with Filtek Supreme, SonicFill and OptraGate.",
    "Patient aged 62, a 45-year-old plumber, 8 years old, 90 kg, 95 % of cases.",
    "Curing light 1,200 mW/cm2, 20 s; handpiece at 200,000 rpm; 35 Ncm; 66 Gy.",
    "It may take 2 or 3 weeks; the patient will march on.",
    "Candida and Streptococcus mutans were cultured. Warfarin stopped on Monday.",
    "The patient is from Scotland, speaks Polish and follows Ramadan.",
    "Grade B, Stage III periodontitis; ASA II; Mallampati 2; Frankl 3.",
    "High-risk OPG signs for IAN? LA given: IDB and LB.",
    "Prilocaine 4 %, 1.8 mL x 2 cartridges, batch B7430A, expiry checked.",
    "Examination: soft tissues normal. Radiographs: two bitewings. Diagnosis: reversible pulpitis. Plan: Restoration LL6.",
    "Next review in 3 months; 6/12 recall; 2/52 antibiotics; 1/7 paracetamol.",
];

fn finder() -> &'static Identifiers {
    static FINDER: std::sync::OnceLock<Identifiers> = std::sync::OnceLock::new();
    FINDER.get_or_init(|| Identifiers::from_bytes(LISTS).expect("the shipped lists"))
}

fn marked(case: &str) -> (String, Vec<Range<usize>>) {
    let (mut text, mut spans, mut start) = (String::new(), Vec::new(), 0);
    for c in case.chars() {
        match c {
            '⟦' => start = text.len(),
            '⟧' => spans.push(start..text.len()),
            c => text.push(c),
        }
    }
    (text, spans)
}

#[test]
fn other_notes() {
    let finder = finder();
    let mut faults = Vec::new();
    for case in CASES {
        let (text, spans) = marked(case);
        let found = finder.find(&text);
        for (at, c) in text.char_indices().filter(|(_, c)| c.is_alphanumeric()) {
            let wanted = spans.iter().any(|span| span.contains(&at));
            let covered = found.iter().any(|identifier| identifier.bytes.contains(&at));
            // Words that only announce ("Mrs") may go with what they announce.
            if wanted && !covered {
                faults.push(format!("missed `{c}` at {at} of {text:?}: {found:?}"));
                break;
            }
        }
        for identifier in &found {
            if !spans.iter().any(|span| span.start < identifier.bytes.end && identifier.bytes.start < span.end) {
                faults.push(format!("too much: {:?} of {text:?}", &text[identifier.bytes.clone()]));
            }
        }
    }
    assert!(faults.is_empty(), "{} faults\n{}", faults.len(), faults.join("\n"));
}

#[test]
fn clinical_words_survive() {
    let finder = finder();
    let mut faults = Vec::new();
    for text in SURVIVE {
        for identifier in finder.find(text) {
            faults.push(format!("{:?} {:?} of {text:?}", identifier.class, &text[identifier.bytes.clone()]));
        }
    }
    assert!(faults.is_empty(), "{} faults\n{}", faults.len(), faults.join("\n"));
}

#[test]
fn a_long_text_takes_linear_time() {
    let finder = finder();
    for piece in [
        "1 ", "a.", "A ", "12-", "(", "+1 ", "von ", "Rue A ", "J. ", "Zx-", "2/3/", "AB12 ", "[NAME ", "é", "1234567 ",
    ] {
        // Sixteen times the text may take 180 times as long (a machine at work is uneven); 256 times would be quadratic.
        let find = |text: &str| drop(std::hint::black_box(finder.find(text)));
        assert!(grows_less(180.0, piece, (625, 10_000), find), "{piece:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn any_text(text in "\\PC{0,80}|.{0,80}|([A-Z][a-z]{1,6}|[0-9]{1,5}|[-.,/:()@#+ '\n]|von|Dr|ß|\u{301}|İ){0,40}") {
        let finder = finder();
        let found = finder.find(&text);
        let mut last = 0;
        for identifier in &found {
            prop_assert!(last <= identifier.bytes.start && identifier.bytes.start < identifier.bytes.end);
            prop_assert!(text.get(identifier.bytes.clone()).is_some());
            last = identifier.bytes.end;
        }
        let once = redact(&text, &found);
        prop_assert_eq!(once.replaced.len(), found.len());
    }
}

/// Redacting a redacted note finds nothing more.
#[test]
fn twice_is_once() {
    let finder = finder();
    for case in CASES.iter().chain(SURVIVE) {
        let (text, _) = marked(case);
        let once = redact(&text, &finder.find(&text)).text;
        let again = finder.find(&once);
        assert!(again.is_empty(), "{once:?}: {again:?}");
    }
}
