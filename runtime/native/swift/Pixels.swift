/// What the model takes, without the batch: RGB in sRGB, row by row, 3 bytes a pixel.
public struct Pixels: Equatable {
    public let rgb: [UInt8]
    public let height: Int
    public let width: Int

    public init(rgb: [UInt8], height: Int, width: Int) {
        precondition(height > 0 && width > 0 && rgb.count == 3 * height * width)
        self.rgb = rgb
        self.height = height
        self.width = width
    }
}

/// The whole-number reductions of the pixel contract, step 3.
public struct Reductions: Equatable {
    public let s: Int
    public let k: Int

    /// Of a photo whose header declares `width` x `height`, for a network of `size`.
    public init(width: Int, height: Int, size: Int) {
        let short = min(width, height)
        s = [8, 4, 2].first { short >= 2 * size * $0 } ?? 1
        k = max(1, ceilDiv(short, s) / size)
    }
}

/// Does what is left of the host step after decoding: steps 6 and 7 of the pixel contract.
///
/// `scaled` tells that the decoder has done the reduction s already, as libjpeg does while it
/// decodes. `orientation` is EXIF's, 1 to 8; anything else counts as 1.
public func hostPixels(
    _ decoded: Pixels, by reductions: Reductions, scaled: Bool, orientation: Int
) -> Pixels {
    let once = scaled ? decoded : boxMean(decoded, factor: reductions.s)
    return upright(boxMean(once, factor: reductions.k), orientation: orientation)
}

/// Returns the mean over factor x factor boxes; boxes at the edges average what they have.
public func boxMean(_ photo: Pixels, factor: Int) -> Pixels {
    if factor == 1 { return photo }
    let down = ceilDiv(photo.height, factor)
    let across = ceilDiv(photo.width, factor)
    var means = [UInt8]()
    means.reserveCapacity(3 * down * across)
    for box in 0..<down {
        let rows = box * factor..<min(photo.height, (box + 1) * factor)
        var sums = [Int](repeating: 0, count: 3 * across)
        for y in rows { addRow(&sums, photo, y, factor) }
        for (i, sum) in sums.enumerated() {
            let n = rows.count * min(factor, photo.width - i / 3 * factor)
            means.append(UInt8(((sum + n / 2) * ((1 << 24) / n)) >> 24))
        }
    }
    return Pixels(rgb: means, height: down, width: across)
}

private func addRow(_ sums: inout [Int], _ photo: Pixels, _ y: Int, _ factor: Int) {
    var at = 3 * y * photo.width
    for x in 0..<photo.width {
        let target = 3 * (x / factor)
        for c in 0..<3 { sums[target + c] += Int(photo.rgb[at + c]) }
        at += 3
    }
}

/// Turns a photo as EXIF's orientation says.
public func upright(_ photo: Pixels, orientation: Int) -> Pixels {
    guard (2...8).contains(orientation) else { return photo }
    let (h, w) = (photo.height, photo.width)
    let (height, width) = orientation >= 5 ? (w, h) : (h, w)
    var turned = [UInt8]()
    turned.reserveCapacity(photo.rgb.count)
    for y in 0..<height {
        for x in 0..<width {
            let from: Int
            switch orientation {
            case 2: from = y * w + (w - 1 - x)
            case 3: from = (h - 1 - y) * w + (w - 1 - x)
            case 4: from = (h - 1 - y) * w + x
            case 5: from = x * w + y
            case 6: from = (h - 1 - x) * w + y
            case 7: from = (h - 1 - x) * w + (w - 1 - y)
            default: from = x * w + (w - 1 - y)
            }
            turned.append(contentsOf: photo.rgb[3 * from..<3 * from + 3])
        }
    }
    return Pixels(rgb: turned, height: height, width: width)
}

func ceilDiv(_ a: Int, _ b: Int) -> Int { (a + b - 1) / b }
