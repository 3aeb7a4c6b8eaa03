import java.io.PrintStream;
import java.nio.charset.StandardCharsets;

/** What the test tells a client through its environment, and how the client tells what it saw. */
final class Situation {
    private static final PrintStream OUT = new PrintStream(System.out, true, StandardCharsets.UTF_8);

    private Situation() {
    }

    static String asked(String name) {
        String value = System.getenv("INTEROP_" + name);
        if (value == null) {
            throw new IllegalStateException("INTEROP_" + name + " is not set");
        }
        return value;
    }

    static int number(String name) {
        return Integer.parseInt(asked(name));
    }

    static long identityNumber(String name) {
        return Long.parseLong(asked(name));
    }

    /** One finding. */
    static void tell(String name, Object value) {
        OUT.println(name + "=" + value);
    }
}
