using System;
using System.IO;
using System.Text;

/// What the test tells a client through its environment, and how the client tells what it saw.
internal static class Situation
{
    private static readonly TextWriter Out =
        new StreamWriter(Console.OpenStandardOutput(), new UTF8Encoding(false)) { AutoFlush = true };

    internal static string Asked(string name)
    {
        string value = Environment.GetEnvironmentVariable("INTEROP_" + name);
        if (value == null)
            throw new InvalidOperationException("INTEROP_" + name + " is not set");
        return value;
    }

    /// One finding.
    internal static void Tell(string name, object value)
    {
        Out.Write(name + "=" + (value is bool ? value.ToString().ToLowerInvariant() : value) + "\n");
    }
}
