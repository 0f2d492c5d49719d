import Foundation

/// What runs a model file.
public protocol Engine {
    /// Engine and version, for reports.
    var name: String { get }

    /// Returns one probability for each class.
    func probabilities(_ pixels: Pixels) throws -> [Float]
}

/// What is said of a photo. Unless `sure`, the answer is "not sure: send the piece to the
/// laboratory", and `label` is only what the model leans to.
public struct Answer: Equatable {
    public let label: ClassInfo
    public let confidence: Double
    public let needed: Double
    public let runnerUp: ClassInfo
    public let runnerUpConfidence: Double
    public var sure: Bool { confidence >= needed }
}

/// One model of a bundle.
public final class Classifier {
    public let bundle: ModelBundle
    public let model: ModelRecord
    public let engine: Engine

    /// `open` gets the model file's place and its content, after the content was checked.
    public init(bundle: ModelBundle, model id: String, open: (URL, Data) throws -> Engine) throws {
        self.bundle = bundle
        model = try bundle.model(id)
        let content = try bundle.file(model.files[0])
        engine = try open(bundle.path(model.files[0]), content)
    }

    /// Decides on what the host step made of a photo.
    public func classify(_ pixels: Pixels) throws -> Answer {
        let found = try probabilities(pixels)
        let first = best(found)
        let second = best(found, except: first)
        let label = bundle.classes[first]
        return Answer(
            label: label,
            confidence: Double(found[first]),
            needed: try bundle.needed(model.precision, label),
            runnerUp: bundle.classes[second],
            runnerUpConfidence: Double(found[second]))
    }

    func probabilities(_ pixels: Pixels) throws -> [Float] {
        let found = try engine.probabilities(pixels)
        guard found.count == bundle.classes.count, found.allSatisfy({ $0.isFinite }) else {
            throw BundleError.answer(model.id)
        }
        return found
    }
}

/// Returns the place of the largest value; of two equal ones the earlier.
func best(_ values: [Float], except skipped: Int? = nil) -> Int {
    var place = skipped == 0 ? 1 : 0
    for (i, value) in values.enumerated() where i != skipped && value > values[place] { place = i }
    return place
}
