using System;
using System.IO;
using System.Text;
using System.Web.Services.Protocols;
using System.Xml;

/// Proxies that the wsdl tool made of the served WSDLs.  A SoapExtension puts the UsernameToken
/// into the messages on their way out and has every answer's signature checked on the way in.
internal static class Client
{
    private static int Main(string[] arguments)
    {
        switch (arguments[0])
        {
            case "public":
                AskPublic();
                return 0;
            case "direct-1.1":
                AskDirect(SoapProtocolVersion.Soap11);
                return 0;
            case "direct-1.2":
                AskDirect(SoapProtocolVersion.Soap12);
                return 0;
            default:
                return 2;
        }
    }

    private static void AskPublic()
    {
        Interop.Public.KPSPublic proxy = new Interop.Public.KPSPublic();
        proxy.Url = Situation.Asked("BASE") + "/Service/KPSPublic.asmx";
        long number = long.Parse(Situation.Asked("NUMBER"));
        int year = int.Parse(Situation.Asked("YEAR"));
        string name = Situation.Asked("GIVEN_NAME"), surname = Situation.Asked("SURNAME");
        Situation.Tell("right", proxy.TCKimlikNoDogrula(number, name, surname, year));
        Situation.Tell("wrong", proxy.TCKimlikNoDogrula(number, name, surname, year + 1));
    }

    private static void AskDirect(SoapProtocolVersion version)
    {
        Security.Password = Situation.Asked("PASSWORD");
        Situation.Tell("surname", Ask(version, "NUMBER").TemelBilgisi.Soyad);
        Situation.Tell("nobody", Ask(version, "NOBODY").HataBilgisi.Kod);
        Security.Password = "wrong";
        try
        {
            Ask(version, "NUMBER");
        }
        catch (SoapException fault)
        {
            XmlQualifiedName code = fault.Code;
            for (SoapFaultSubCode inner = fault.SubCode; inner != null; inner = inner.SubCode)
                code = inner.Code;
            Situation.Tell("refusal", code.Name);
        }
        Situation.Tell("signature", Security.Verified == 3 ? "verified" : Security.Verified + " of 3");
    }

    private static Interop.Direct.KisiBilgisi Ask(SoapProtocolVersion version, string who)
    {
        Interop.Direct.KisiSorgulaTCKimlikNoServis proxy =
            new Interop.Direct.KisiSorgulaTCKimlikNoServis();
        proxy.Url = Situation.Asked("BASE") + "/kps/KisiSorgulaTCKimlikNoServis/2011/01/01";
        proxy.SoapVersion = version;
        Interop.Direct.KisiSorgulaTCKimlikNoSorguKriteri criterion =
            new Interop.Direct.KisiSorgulaTCKimlikNoSorguKriteri();
        criterion.TCKimlikNo = long.Parse(Situation.Asked(who));
        criterion.TCKimlikNoSpecified = true;
        return proxy.ListeleCoklu(new[] { criterion }).SorguSonucu[0];
    }
}

/// Named in the configuration file beside the program.
public sealed class Security : SoapExtension
{
    private const string Wsse =
        "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd";

    internal static string Password;
    internal static int Verified;

    private Stream wire;
    private MemoryStream kept;

    public override object GetInitializer(Type type)
    {
        return null;
    }

    public override object GetInitializer(LogicalMethodInfo method, SoapExtensionAttribute attribute)
    {
        return null;
    }

    public override void Initialize(object initializer)
    {
    }

    public override Stream ChainStream(Stream stream)
    {
        wire = stream;
        kept = new MemoryStream();
        return kept;
    }

    public override void ProcessMessage(SoapMessage message)
    {
        if (message.Stage == SoapMessageStage.AfterSerialize)
            Send();
        else if (message.Stage == SoapMessageStage.BeforeDeserialize)
            Receive();
    }

    private void Send()
    {
        string text = Encoding.UTF8.GetString(kept.ToArray());
        if (Password != null)
        {
            XmlDocument document = new XmlDocument { PreserveWhitespace = true };
            document.LoadXml(text.TrimStart('\uFEFF'));
            XmlElement envelope = document.DocumentElement;
            string soap = envelope.NamespaceURI;
            XmlElement header = document.CreateElement(envelope.Prefix, "Header", soap);
            XmlElement security = document.CreateElement("o", "Security", Wsse);
            XmlElement token = document.CreateElement("o", "UsernameToken", Wsse);
            token.AppendChild(document.CreateElement("o", "Username", Wsse)).InnerText =
                Situation.Asked("USERNAME");
            token.AppendChild(document.CreateElement("o", "Password", Wsse)).InnerText = Password;
            envelope.PrependChild(header).AppendChild(security).AppendChild(token);
            text = document.OuterXml;
        }
        byte[] bytes = new UTF8Encoding(false).GetBytes(text);
        wire.Write(bytes, 0, bytes.Length);
    }

    private void Receive()
    {
        wire.CopyTo(kept);
        kept.Position = 0;
        if (Password != null)
        {
            string said = SignedAnswer.Judge(kept, Situation.Asked("SIGNER"));
            if (said.Contains("Body") && said.Contains("Timestamp"))
                Verified++;
            kept.Position = 0;
        }
    }
}
