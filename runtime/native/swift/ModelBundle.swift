import Foundation

public enum BundleError: Error, Equatable {
    /// A file of the bundle is not as it was exported, or not there: get the bundle again.
    case changed(String)
    /// The bundle is of another schema or pixel contract than this code reads.
    case unknownVersion
    /// The bundle has no such model.
    case noModel(String)
    /// The model does not answer as its bundle says.
    case answer(String)
}

/// A class of the model; `role` is `genuine`, `counterfeit` or `unspecified`.
public struct ClassInfo: Decodable, Equatable {
    public let name: String
    public let zh: String
    public let en: String
    public let role: String
}

/// A model of the bundle, such as `ort-int8`; `precision` is `fp32` or `int8`.
public struct ModelRecord: Decodable {
    public let id: String
    public let precision: String
    public let files: [String]
}

struct Manifest: Decodable {
    struct Contract: Decodable {
        let version: Int
        let size: Int
    }
    struct Policy: Decodable {
        let reject_below: Double
        let genuine_below: Double
    }
    struct FileRecord: Decodable {
        let bytes: Int
        let sha256: String
    }
    let schema: Int
    let edgetlc: String
    let contract: Contract
    let classes: [ClassInfo]
    let decision: [String: Policy]
    let models: [ModelRecord]
    let files: [String: FileRecord]
}

/// A bundle of edgetlc. No byte of it is used before its SHA-256 was compared.
public struct ModelBundle {
    /// SHA-256 of `bundle.json`, 64 hexadecimal digits.
    public let digest: String
    let folder: URL
    let sha256: (Data) -> String
    let manifest: Manifest

    /// - Parameters:
    ///   - digest: as `edgetlc bundle inspect` shows it: keep it in the app's code, not beside
    ///     the bundle.
    ///   - folder: where the bundle lies.
    ///   - sha256: of a file, as lower-case hexadecimal digits; `OrtEngine.swift` has it.
    public init(digest: String, folder: URL, sha256: @escaping (Data) -> String) throws {
        self.digest = digest
        self.folder = folder
        self.sha256 = sha256
        let content = try Data(contentsOf: folder.appendingPathComponent("bundle.json"))
        guard sha256(content) == digest else { throw BundleError.changed("bundle.json") }
        manifest = try JSONDecoder().decode(Manifest.self, from: content)
        guard manifest.schema == 1, manifest.contract.version == 1 else {
            throw BundleError.unknownVersion
        }
    }

    /// Side of the network's input, which fixes the reductions of the host step.
    public var size: Int { manifest.contract.size }

    /// In the order of the model's answers.
    public var classes: [ClassInfo] { manifest.classes }

    /// Returns a file's content after comparing its size and SHA-256.
    public func file(_ name: String) throws -> Data {
        guard let record = manifest.files[name],
            let content = try? Data(contentsOf: path(name)),
            content.count == record.bytes, sha256(content) == record.sha256
        else { throw BundleError.changed(name) }
        return content
    }

    /// Where a file of the bundle lies.
    public func path(_ name: String) -> URL { folder.appendingPathComponent(name) }

    public func model(_ id: String) throws -> ModelRecord {
        guard let found = manifest.models.first(where: { $0.id == id }) else {
            throw BundleError.noModel(id)
        }
        return found
    }

    /// Returns the confidence that an answer of this class needs from a model of this precision.
    public func needed(_ precision: String, _ label: ClassInfo) throws -> Double {
        guard let policy = manifest.decision[precision] else { throw BundleError.noModel(precision) }
        return label.role == "genuine"
            ? max(policy.reject_below, policy.genuine_below) : policy.reject_below
    }
}
