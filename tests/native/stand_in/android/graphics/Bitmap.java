package android.graphics;

import java.awt.image.BufferedImage;

public final class Bitmap {
  public enum Config {
    ARGB_8888
  }

  private final BufferedImage image;

  Bitmap(BufferedImage image) {
    this.image = image;
  }

  public int getWidth() {
    return image.getWidth();
  }

  public int getHeight() {
    return image.getHeight();
  }

  public void getPixels(int[] to, int offset, int stride, int x, int y, int width, int height) {
    image.getRGB(x, y, width, height, to, offset, stride);
  }

  public void recycle() {}
}
