import Foundation

/// The report that `edgetlc answers judge --merge` reads; write it with `JSONEncoder`.
public struct SelfTestReport: Encodable {
    public struct Machine: Encodable {
        let system: String
        let architecture: String
        let processor: String
        let cores: Int
        let python = ""

        public init(system: String, architecture: String, processor: String, cores: Int) {
            self.system = system
            self.architecture = architecture
            self.processor = processor
            self.cores = cores
        }
    }

    public struct Photo: Encodable {
        public let photo: String
        /// Nil, as the next, where the size differs.
        public let largest: Int?
        public let differing: Int?
        public let samples: Int

        enum CodingKeys: CodingKey { case photo, largest, differing, samples }

        public func encode(to encoder: Encoder) throws {
            var fields = encoder.container(keyedBy: CodingKeys.self)
            try fields.encode(photo, forKey: .photo)
            try fields.encode(largest, forKey: .largest)  // writes null where there is none
            try fields.encode(differing, forKey: .differing)
            try fields.encode(samples, forKey: .samples)
        }
    }

    public struct PixelResult: Encodable {
        public let photos: [Photo]
        public let passed: Bool
    }

    public struct PhotoAnswer: Encodable {
        public let photo: String
        public let expected: String
        public let found: String
        public let largest: Double
    }

    public struct ModelResult: Encodable {
        public let model: String
        public let engine: String
        public let written_by: String
        public let answers: [PhotoAnswer]
        public let passed: Bool
    }

    let kind = "edgetlc-selftest"
    let schema = 1
    public let passed: Bool
    let bundle_digest: String
    let created: String
    let edgetlc: String
    let machine: Machine
    public let pixels: PixelResult
    public let models: [ModelResult]
}

private struct Golden: Decodable {
    struct Input: Decodable {
        let photo: String
        let pixels: String
    }
    struct Output: Decodable {
        let model: String
        let engine: String
        let written_by: String
        let probabilities: [[Double]]
    }
    let inputs: [Input]
    let outputs: [Output]
}

private let goldenFile = "golden/golden.json"
private let pixelTolerance = 2
private let probabilityTolerance = ["fp32": 1e-3, "int8": 5e-2]

/// Replays the bundle's golden vectors: does this phone decode and classify as the writer did?
///
/// `decode` is the app's own host step: a file's content and the network's size to pixels.
/// `created` is now, in UTC, as ISO 8601.
public func selfTest(
    _ classifier: Classifier, machine: SelfTestReport.Machine, created: String,
    decode: (Data, Int) throws -> Pixels
) throws -> SelfTestReport {
    let (bundle, model) = (classifier.bundle, classifier.model)
    let golden = try JSONDecoder().decode(Golden.self, from: bundle.file(goldenFile))
    guard let tolerance = probabilityTolerance[model.precision],
        let expected = golden.outputs.first(where: { $0.model == model.id && $0.engine == "onnxruntime" })
    else { throw BundleError.noModel(model.id) }
    var photos: [SelfTestReport.Photo] = []
    var answers: [SelfTestReport.PhotoAnswer] = []
    for (input, row) in zip(golden.inputs, expected.probabilities) {
        let wanted = try decode(bundle.file(input.pixels), bundle.size)
        let found = try decode(bundle.file(input.photo), bundle.size)
        photos.append(compared(input.photo, found, wanted))
        let (before, after) = (row.map { Float($0) }, try classifier.probabilities(wanted))
        answers.append(
            .init(
                photo: input.photo,
                expected: bundle.classes[best(before)].name,
                found: bundle.classes[best(after)].name,
                largest: Double(zip(before, after).map { abs($0 - $1) }.max() ?? 0)))
    }
    let samePixels = photos.allSatisfy { ($0.largest ?? .max) <= pixelTolerance }
    let sameAnswers = answers.allSatisfy { $0.expected == $0.found && $0.largest <= tolerance }
    return SelfTestReport(
        passed: samePixels && sameAnswers,
        bundle_digest: bundle.digest,
        created: created,
        edgetlc: bundle.manifest.edgetlc,
        machine: machine,
        pixels: .init(photos: photos, passed: samePixels),
        models: [
            .init(
                model: model.id, engine: classifier.engine.name, written_by: expected.written_by,
                answers: answers, passed: sameAnswers)
        ])
}

private func compared(_ photo: String, _ found: Pixels, _ wanted: Pixels) -> SelfTestReport.Photo {
    guard found.height == wanted.height, found.width == wanted.width else {
        return .init(photo: photo, largest: nil, differing: nil, samples: wanted.rgb.count)
    }
    let differences = zip(found.rgb, wanted.rgb).map { abs(Int($0) - Int($1)) }
    return .init(
        photo: photo, largest: differences.max(), differing: differences.filter { $0 > 0 }.count,
        samples: wanted.rgb.count)
}
