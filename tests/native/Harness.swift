// Runs the platform-free snippets on Linux: asks what jobs.json lists, prints the answers as JSON.
import Foundation

/// ONNX Runtime in another process, `engine.py`.
final class PipeEngine: Engine {
    let name = "onnxruntime behind a pipe"
    private let question = Pipe()
    private let reply = Pipe()

    init(python: String, script: String, model: Data) throws {
        let engine = Process()
        engine.executableURL = URL(fileURLWithPath: python)
        engine.arguments = [script]
        engine.standardInput = question
        engine.standardOutput = reply
        try engine.run()
        ask(number(model.count) + model)
    }

    func probabilities(_ pixels: Pixels) throws -> [Float] {
        ask(number(pixels.height) + number(pixels.width) + Data(pixels.rgb))
        return (0..<Int(told())).map { _ in Float(bitPattern: told()) }
    }

    private func ask(_ data: Data) { question.fileHandleForWriting.write(data) }

    private func told() -> UInt32 {
        reply.fileHandleForReading.readData(ofLength: 4).reduce(0) { $0 << 8 | UInt32($1) }
    }
}

func number(_ value: Int) -> Data {
    Data([24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) })
}

/// The digest by the system's own program: CryptoKit is Apple's only.
func systemSha256(_ content: Data) -> String {
    let file = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
    defer { try? FileManager.default.removeItem(at: file) }
    try! content.write(to: file)
    let (program, said) = (Process(), Pipe())
    program.executableURL = URL(fileURLWithPath: "/usr/bin/sha256sum")
    program.arguments = [file.path]
    program.standardOutput = said
    try! program.run()
    return String(decoding: said.fileHandleForReading.readData(ofLength: 64), as: UTF8.self)
}

struct Asked: Decodable {
    struct Job: Decodable {
        let kind: String
        let rgb: String?
        let width: Int?
        let height: Int?
        let size: Int?
        let orientation: Int?
        let raw: [String: Raw]?
    }
    struct Raw: Decodable {
        let rgb: String
        let width: Int
        let height: Int
    }
    let bundle: String
    let digest: String
    let model: String
    let python: String
    let engine: String
    let jobs: [Job]
}

func pixels(_ file: String, _ width: Int, _ height: Int) throws -> Pixels {
    let content = try Data(contentsOf: URL(fileURLWithPath: file))
    return Pixels(rgb: [UInt8](content), height: height, width: width)
}

func answer(_ classifier: Classifier, _ job: Asked.Job) throws -> Any {
    switch job.kind {
    case "host":
        let (width, height) = (job.width!, job.height!)
        let found = hostPixels(
            try pixels(job.rgb!, width, height),
            by: Reductions(width: width, height: height, size: job.size!), scaled: false,
            orientation: job.orientation!)
        let digest = systemSha256(Data(found.rgb))
        return ["height": found.height, "width": found.width, "sha256": digest] as [String: Any]
    case "classify":
        let said = try classifier.classify(pixels(job.rgb!, job.width!, job.height!))
        return [
            "label": said.label.name, "confidence": said.confidence, "needed": said.needed,
            "sure": said.sure, "runner_up": said.runnerUp.name,
            "runner_up_confidence": said.runnerUpConfidence,
        ] as [String: Any]
    default:  // the decoder's work was done beforehand, told apart by the files' digests
        let machine = SelfTestReport.Machine(
            system: "Linux", architecture: "x86_64", processor: "", cores: 1)
        let created = "2026-01-01T00:00:00+00:00"
        let report = try selfTest(classifier, machine: machine, created: created) { photo, _ in
            let raw = job.raw![systemSha256(photo)]!
            return try pixels(raw.rgb, raw.width, raw.height)
        }
        return try JSONSerialization.jsonObject(with: JSONEncoder().encode(report))
    }
}

@main
struct Harness {
    static func main() throws {
        let content = try Data(contentsOf: URL(fileURLWithPath: CommandLine.arguments[1]))
        let asked = try JSONDecoder().decode(Asked.self, from: content)
        var answers: [Any]
        do {
            let bundle = try ModelBundle(
                digest: asked.digest, folder: URL(fileURLWithPath: asked.bundle),
                sha256: systemSha256)
            let classifier = try Classifier(bundle: bundle, model: asked.model) { _, model in
                try PipeEngine(python: asked.python, script: asked.engine, model: model)
            }
            answers = try asked.jobs.map { try answer(classifier, $0) }
        } catch BundleError.changed(let name) {
            answers = [["refused": name]]
        }
        let told = try JSONSerialization.data(withJSONObject: answers)
        print(String(decoding: told, as: UTF8.self))
    }
}
