import CoreGraphics
import Foundation
import ImageIO

public enum PhotoError: Error {
    case unreadable
    case tooLarge(width: Int, height: Int)
}

private let maxPixels = 50_000_000
private let maxAspect = 32

/// The host step of the pixel contract with the decoder of iOS.
///
/// The photo is decoded whole and drawn, unturned and unscaled, into sRGB over white; s and k are
/// box means.
public func decodePhoto(_ photo: Data, size: Int) throws -> Pixels {
    let uncached = [kCGImageSourceShouldCache: false] as CFDictionary
    guard let source = CGImageSourceCreateWithData(photo as CFData, uncached),
        let header = CGImageSourceCopyPropertiesAtIndex(source, 0, uncached) as? [CFString: Any],
        let width = header[kCGImagePropertyPixelWidth] as? Int,
        let height = header[kCGImagePropertyPixelHeight] as? Int, width > 0, height > 0
    else { throw PhotoError.unreadable }
    guard width * height <= maxPixels, max(width, height) <= maxAspect * min(width, height) else {
        throw PhotoError.tooLarge(width: width, height: height)
    }
    guard let image = CGImageSourceCreateImageAtIndex(source, 0, uncached),
        image.width == width, image.height == height,
        CGImageSourceGetStatusAtIndex(source, 0) == .statusComplete
    else { throw PhotoError.unreadable }
    let orientation = header[kCGImagePropertyOrientation] as? Int ?? 1
    return hostPixels(
        try rgb(image), by: Reductions(width: width, height: height, size: size),
        scaled: false, orientation: orientation)
}

private func rgb(_ image: CGImage) throws -> Pixels {
    let (width, height) = (image.width, image.height)
    guard let sRGB = CGColorSpace(name: CGColorSpace.sRGB),
        let context = CGContext(
            data: nil, width: width, height: height, bitsPerComponent: 8, bytesPerRow: 4 * width,
            space: sRGB, bitmapInfo: CGImageAlphaInfo.noneSkipLast.rawValue),
        let drawn = context.data
    else { throw PhotoError.unreadable }
    let everything = CGRect(x: 0, y: 0, width: width, height: height)
    context.setFillColor(red: 1, green: 1, blue: 1, alpha: 1)
    context.fill(everything)
    context.interpolationQuality = .none
    context.draw(image, in: everything)
    let rgbx = drawn.assumingMemoryBound(to: UInt8.self)
    var samples = [UInt8](repeating: 0, count: 3 * width * height)
    for i in 0..<width * height {
        for c in 0..<3 { samples[3 * i + c] = rgbx[4 * i + c] }
    }
    return Pixels(rgb: samples, height: height, width: width)
}
