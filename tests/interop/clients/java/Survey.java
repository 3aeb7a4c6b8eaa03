import com.sun.tools.ws.wscompile.WsimportTool;

/** wsimport on every WSDL that is named: {@code Survey DIRECTORY URL...}, a package for each. */
final class Survey {
    private Survey() {
    }

    public static void main(String[] arguments) throws Exception {
        for (int index = 1; index < arguments.length; index++) {
            String[] words = {
                "-quiet", "-extension", "-Xnocompile", "-keep", "-d", arguments[0],
                "-p", "survey.w" + index, arguments[index],
            };
            if (!new WsimportTool(System.err).run(words)) {
                System.exit(1);
            }
            System.out.println("1 " + arguments[index]);
        }
    }
}
