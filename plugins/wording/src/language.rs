//! Tags of languages, in whatever spelling helpdesks state them.

/// Three-letter codes and the older or narrower two-letter ones, with the code that everybody else uses.
const ALIASES: &str = "\
    afr=af aka=ak amh=am ara=ar aze=az bel=be ben=bn bul=bg cat=ca ces=cs chi=zh cmn=zh \
    cym=cy cze=cs dan=da deu=de dut=nl ell=el eng=en epo=eo est=et fin=fi fra=fr fre=fr \
    ger=de gre=el guj=gu heb=he hin=hi hrv=hr hun=hu hye=hy in=id ind=id ita=it iw=he jav=jv \
    jpn=ja kan=kn kat=ka khm=km kor=ko lat=la lav=lv lit=lt mal=ml mar=mr mkd=mk mya=my \
    nep=ne nld=nl no=nb nob=nb ori=or pan=pa pes=fa pol=pl por=pt ron=ro rus=ru sin=si \
    slk=sk slv=sl sna=sn spa=es srp=sr swe=sv tam=ta tel=te tgl=tl tha=th tuk=tk tur=tr \
    ukr=uk urd=ur uzb=uz vie=vi yid=yi zho=zh zul=zu";

/// The language of a tag without region and script: `de` of `de-AT`, `pt` of `pt_BR`, `zh` of `cmn-Hans`.
pub fn primary(tag: &str) -> String {
    let code = tag.trim().split(['-', '_']).next().unwrap_or_default().to_ascii_lowercase();
    alias(&code).map_or(code, str::to_owned)
}

fn alias(code: &str) -> Option<&'static str> {
    let pairs = ALIASES.split(' ').filter_map(|pair| pair.split_once('='));
    pairs.into_iter().find(|(from, _)| *from == code).map(|(_, to)| to)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_of_all_spellings_come_down_to_their_language() {
        for (tag, expected) in [
            ("de", "de"),
            ("de-AT", "de"),
            ("DE_at", "de"),
            ("ger", "de"),
            ("deu", "de"),
            ("pt_BR", "pt"),
            ("zh-Hans-CN", "zh"),
            ("cmn", "zh"),
            ("no", "nb"),
            ("nb-NO", "nb"),
            (" fi ", "fi"),
            ("", ""),
            ("tlh", "tlh"),
        ] {
            assert_eq!(primary(tag), expected, "{tag}");
        }
    }
}
