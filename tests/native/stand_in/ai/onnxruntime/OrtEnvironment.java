package ai.onnxruntime;

import java.io.IOException;

public final class OrtEnvironment {
  private static final OrtEnvironment ONLY = new OrtEnvironment();

  public static OrtEnvironment getEnvironment() {
    return ONLY;
  }

  public String getVersion() {
    return "behind a pipe";
  }

  public void setTelemetry(boolean send) {}

  public OrtSession createSession(byte[] model, OrtSession.SessionOptions options)
      throws OrtException {
    try {
      return new OrtSession(model);
    } catch (IOException error) {
      throw new OrtException(error.toString());
    }
  }
}
