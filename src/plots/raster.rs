//! Small tables of numbers as pixels: of many side by side one sees which are alike. A PNG (ISO/IEC
//! 15948) with a palette of one colour, from not there at all to full: a vector image of so many cells
//! would be a hundred times as large.

use super::drawing::COLORS;
use crate::display::escape;
use flate2::write::ZlibEncoder;
use flate2::{Compression, Crc};
use std::io::Write;

/// An image of a cell for each number, so many pixels wide on the page. The largest number has the full
/// colour, the others theirs by the square root, as in a heat map.
pub fn raster(title: &str, values: &[Vec<f64>], width: usize) -> String {
    let title = escape(title);
    format!(
        "<img alt=\"{title}\" title=\"{title}\" width=\"{width}\" height=\"{width}\" \
         style=\"image-rendering:pixelated;margin:0\" src=\"data:image/png;base64,{}\">",
        base64(&png(values).unwrap_or_default())
    )
}

fn png(values: &[Vec<f64>]) -> std::io::Result<Vec<u8>> {
    let finite = values.iter().flatten().copied().filter(|value| value.is_finite());
    let most = finite.fold(f64::MIN_POSITIVE, f64::max);
    let columns = values.first().map_or(0, Vec::len);
    let mut pixels = ZlibEncoder::new(Vec::new(), Compression::best());
    for row in values {
        let shade = |value: &f64| (255.0 * (value / most).clamp(0.0, 1.0).sqrt()).round() as u8;
        let shades: Vec<u8> = row.iter().map(shade).collect();
        pixels.write_all(&[0])?; // as they are, not by their difference to other pixels
        pixels.write_all(&shades)?;
    }
    let [r, g, b] = [COLORS[0].0, COLORS[0].1, COLORS[0].2];
    let size = [columns, values.len()].map(|count| (count as u32).to_be_bytes()).concat();
    let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
    // 8 bits each, which are numbers in the palette.
    chunk(&mut file, b"IHDR", &[size.as_slice(), &[8, 3, 0, 0, 0]].concat());
    chunk(&mut file, b"PLTE", &[r, g, b].repeat(256));
    chunk(&mut file, b"tRNS", &(0..=255).collect::<Vec<u8>>());
    chunk(&mut file, b"IDAT", &pixels.finish()?);
    chunk(&mut file, b"IEND", &[]);
    Ok(file)
}

fn chunk(file: &mut Vec<u8>, kind: &[u8; 4], data: &[u8]) {
    let mut sum = Crc::new();
    sum.update(kind);
    sum.update(data);
    file.extend((data.len() as u32).to_be_bytes());
    file.extend_from_slice(kind);
    file.extend_from_slice(data);
    file.extend(sum.sum().to_be_bytes());
}

/// Bytes as they may stand in an address (RFC 4648, section 4).
fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(4 * bytes.len().div_ceil(3));
    for three in bytes.chunks(3) {
        let byte = |place: usize| u32::from(three.get(place).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for place in 0..4 {
            let letter = LETTERS[(bits >> (18 - 6 * place)) as usize & 63];
            text.push(if place > three.len() { '=' } else { char::from(letter) });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::read::ZlibDecoder;
    use std::io::Read;

    // >>> base64.b64encode(b"light work.")
    #[test]
    fn bytes_are_written_as_letters() {
        let cases = [("light work.", "bGlnaHQgd29yay4="), ("light wor", "bGlnaHQgd29y")];
        for (bytes, expected) in cases {
            assert_eq!(base64(bytes.as_bytes()), expected);
        }
        assert_eq!([base64(b"a"), base64(b"")], ["YQ==", ""]);
    }

    #[test]
    fn each_number_is_a_pixel() {
        let file = png(&[vec![0.0, 1.0, 0.25], vec![f64::NAN, -1.0, f64::INFINITY]]).unwrap();
        let place = file.windows(4).position(|four| four == b"IDAT").unwrap();
        let mut pixels = Vec::new();
        ZlibDecoder::new(&file[place + 4..]).read_to_end(&mut pixels).unwrap();
        assert_eq!(pixels, [0, 0, 255, 128, 0, 0, 0, 255]);
        assert_eq!(file[16..24], [0, 0, 0, 3, 0, 0, 0, 2]);
        assert!(!raster("<b>\"", &[], 9).contains("<b>"));
    }
}
