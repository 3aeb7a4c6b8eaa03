using System.IO;

/// Verify.exe CERTIFICATE FILE...
internal static class Verify
{
    private static void Main(string[] arguments)
    {
        for (int index = 1; index < arguments.Length; index++)
        {
            using (Stream answer = File.OpenRead(arguments[index]))
                Situation.Tell(arguments[index], SignedAnswer.Judge(answer, arguments[0]));
        }
    }
}
