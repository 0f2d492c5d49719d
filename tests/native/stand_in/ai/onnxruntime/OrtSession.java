package ai.onnxruntime;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.util.Map;
import java.util.Set;

/** Asks ONNX Runtime in another process (`engine.py`); has those methods that OrtEngine.kt calls. */
public final class OrtSession implements AutoCloseable {
  private final DataOutputStream question;
  private final DataInputStream reply;

  OrtSession(byte[] model) throws IOException {
    String[] command = {System.getProperty("python"), System.getProperty("engine")};
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.redirectError(ProcessBuilder.Redirect.INHERIT);
    Process engine = builder.start();
    question = new DataOutputStream(engine.getOutputStream());
    reply = new DataInputStream(engine.getInputStream());
    question.writeInt(model.length);
    question.write(model);
    question.flush();
  }

  public Result run(Map<String, OnnxTensor> inputs, Set<String> outputs) throws OrtException {
    if (!inputs.keySet().equals(Set.of("pixels")) || !outputs.equals(Set.of("probabilities"))) {
      throw new OrtException("unknown tensors: " + inputs.keySet() + ", " + outputs);
    }
    OnnxTensor pixels = inputs.get("pixels");
    try {
      question.writeInt((int) pixels.shape[1]);
      question.writeInt((int) pixels.shape[2]);
      byte[] bytes = new byte[pixels.data.remaining()];
      pixels.data.get(bytes);
      question.write(bytes);
      question.flush();
      float[] answer = new float[reply.readInt()];
      for (int i = 0; i < answer.length; i++) answer[i] = reply.readFloat();
      return new Result(OnnxTensor.of(answer));
    } catch (IOException error) {
      throw new OrtException(error.toString());
    }
  }

  @Override
  public void close() {}

  public static final class SessionOptions implements AutoCloseable {
    public void setIntraOpNumThreads(int threads) {}

    @Override
    public void close() {}
  }

  public static final class Result implements AutoCloseable {
    private final OnnxTensor only;

    Result(OnnxTensor only) {
      this.only = only;
    }

    public OnnxTensor get(int index) {
      return only;
    }

    @Override
    public void close() {}
  }
}
