using System;
using System.Collections.Generic;
using System.IO;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Security.Cryptography.Xml;
using System.Xml;

/// Verifies a signed answer with SignedXml and a pinned certificate.
internal static class SignedAnswer
{
    private const string Wsu =
        "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd";

    /// The names of the parts that the signature covers, or "refused".
    internal static string Judge(Stream answer, string certificateFile)
    {
        XmlDocument document = new XmlDocument { PreserveWhitespace = true };
        document.Load(answer);
        XmlNodeList found = document.GetElementsByTagName("Signature", SignedXml.XmlDsigNamespaceUrl);
        if (found.Count != 1)
            return "refused";
        MarkedXml signed = new MarkedXml(document);
        signed.LoadXml((XmlElement)found[0]);
        X509Certificate2 certificate = new X509Certificate2(certificateFile);
        try
        {
            if (!signed.CheckSignature(certificate.PublicKey.Key))
                return "refused";
        }
        catch (CryptographicException)
        {
            return "refused";
        }
        List<string> names = new List<string>();
        foreach (Reference reference in signed.SignedInfo.References)
            names.Add(signed.GetIdElement(document, reference.Uri.Substring(1)).LocalName);
        names.Sort(StringComparer.Ordinal);
        return "verified:" + string.Join(",", names);
    }

    /// SignedXml that knows the Id attribute of WS-Security.
    private sealed class MarkedXml : SignedXml
    {
        internal MarkedXml(XmlDocument document) : base(document)
        {
        }

        public override XmlElement GetIdElement(XmlDocument document, string identifier)
        {
            XmlNamespaceManager names = new XmlNamespaceManager(document.NameTable);
            names.AddNamespace("u", Wsu);
            XmlNodeList found = document.SelectNodes("//*[@u:Id='" + identifier + "']", names);
            return found.Count == 1 ? (XmlElement)found[0] : null;
        }
    }
}
