import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.lang.reflect.InvocationTargetException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.utils.Exit;

/**
 * Apache Kafka's command line tools, unmodified, one after the other in one process: of a tool's own process, most is its start.
 *
 * Each line of standard input is the class of a tool and its arguments, separated by tabs. It is answered with a line of the exit code and
 * the number of bytes that follow, which are what the tool printed to either stream.
 */
public class ToolHost {
  public static void main(String[] unused) throws Exception {
    PrintStream answers = new PrintStream(new FileOutputStream(FileDescriptor.out), false, StandardCharsets.UTF_8);
    ByteArrayOutputStream printed = new ByteArrayOutputStream();
    PrintStream stream = new PrintStream(printed, true, StandardCharsets.UTF_8);
    System.setOut(stream);
    System.setErr(stream);
    Exit.setShutdownHookAdder((name, hook) -> {});
    BufferedReader requests = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line = requests.readLine(); line != null; line = requests.readLine()) {
      String[] words = line.split("\t");
      int exitCode = run(words[0], Arrays.copyOfRange(words, 1, words.length));
      byte[] bytes = printed.toByteArray();
      printed.reset();
      answers.print(exitCode + " " + bytes.length + "\n");
      answers.write(bytes);
      answers.flush();
    }
    Runtime.getRuntime().halt(0);
  }

  private static int run(String tool, String[] arguments) throws Exception {
    CompletableFuture<Integer> exit = new CompletableFuture<>();
    Exit.setExitProcedure((code, message) -> endWith(exit, code));
    Exit.setHaltProcedure((code, message) -> endWith(exit, code));
    Thread thread = new Thread(() -> {
      try {
        Class.forName(tool).getMethod("main", String[].class).invoke(null, (Object) arguments);
        exit.complete(0);
      } catch (InvocationTargetException thrown) {
        thrown.getCause().printStackTrace();
        exit.complete(1);
      } catch (ReflectiveOperationException thrown) {
        thrown.printStackTrace();
        exit.complete(1);
      }
    });
    thread.setDaemon(true);
    thread.start();
    return exit.get();
  }

  /** As in a process of its own, nothing of the tool goes on after this: its thread stands still from here on. */
  private static void endWith(CompletableFuture<Integer> exit, int code) {
    exit.complete(code);
    while (true) {
      try {
        Thread.sleep(Long.MAX_VALUE);
      } catch (InterruptedException interrupted) {
        // There is nothing that it could be interrupted for.
      }
    }
  }
}
