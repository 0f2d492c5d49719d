import CryptoKit
import Foundation
import OnnxRuntimeBindings

/// ONNX Runtime's interface for Swift: the package `onnxruntime-swift-package-manager`, or the
/// `onnxruntime-objc` pod with a reduced build.
///
/// It opens a model by its path. Keep the bundle where only this app writes, as its resources are:
/// what was checked is then what is opened. Keep to the default provider, the CPU: CoreML computes
/// something else.
public final class OrtEngine: Engine {
    private let environment: ORTEnv
    private let session: ORTSession

    public init(model: URL, threads: Int32 = 1) throws {
        environment = try ORTEnv(loggingLevel: .warning)
        let options = try ORTSessionOptions()
        try options.setIntraOpNumThreads(threads)
        session = try ORTSession(env: environment, modelPath: model.path, sessionOptions: options)
    }

    public var name: String { "onnxruntime \(ORTVersion())" }

    public func probabilities(_ pixels: Pixels) throws -> [Float] {
        let shape = [1, pixels.height, pixels.width, 3].map { NSNumber(value: $0) }
        let data = NSMutableData(bytes: pixels.rgb, length: pixels.rgb.count)
        let input = try ORTValue(tensorData: data, elementType: .uInt8, shape: shape)
        let found = try session.run(
            withInputs: ["pixels": input], outputNames: ["probabilities"], runOptions: nil)
        guard let value = found["probabilities"] else { throw BundleError.answer("probabilities") }
        let answer = try value.tensorData() as Data
        return answer.withUnsafeBytes { Array($0.bindMemory(to: Float.self)) }
    }
}

/// For `ModelBundle(digest:folder:sha256:)`.
public func sha256(_ content: Data) -> String {
    SHA256.hash(data: content).map { String(format: "%02x", $0) }.joined()
}
