import java.text.SimpleDateFormat;
import java.util.Base64;
import java.util.Date;
import java.util.TimeZone;
import javax.xml.namespace.NamespaceContext;
import javax.xml.xpath.XPath;
import javax.xml.xpath.XPathConstants;
import javax.xml.xpath.XPathFactory;
import org.w3c.dom.Element;
import org.w3c.dom.Node;

/** A token as the token service's answer describes it. */
final class IssuedToken {
    final Element encrypted;
    final Element reference;
    final byte[] proofKey;
    final Date expires;

    IssuedToken(Node answer) throws Exception {
        XPath path = XPathFactory.newInstance().newXPath();
        path.setNamespaceContext(new Prefixes());
        String start = "//trust:RequestSecurityTokenResponse/trust:";
        encrypted = (Element) path.evaluate(
            start + "RequestedSecurityToken/xenc:EncryptedData", answer, XPathConstants.NODE);
        reference = (Element) path.evaluate(
            start + "RequestedAttachedReference/wsse:SecurityTokenReference",
            answer, XPathConstants.NODE);
        String secret = path.evaluate(
            start + "RequestedProofToken/trust:BinarySecret/text()", answer);
        proofKey = Base64.getDecoder().decode(secret);
        // Milliseconds are part of the format: without them this raises a ParseException.
        SimpleDateFormat format = new SimpleDateFormat("yyyy-MM-dd'T'HH:mm:ss.SSS'Z'");
        format.setTimeZone(TimeZone.getTimeZone("UTC"));
        expires = format.parse(path.evaluate(start + "Lifetime/u:Expires", answer));
        if (!expires.after(new Date())) {
            throw new IllegalStateException("the token has expired before it was used");
        }
    }

    private static final class Prefixes implements NamespaceContext {
        @Override
        public String getNamespaceURI(String prefix) {
            switch (prefix) {
                case "trust":
                    return Names.TRUST;
                case "xenc":
                    return "http://www.w3.org/2001/04/xmlenc#";
                case "wsse":
                    return Names.WSSE;
                case "u":
                    return Names.WSU;
                default:
                    throw new IllegalArgumentException(prefix);
            }
        }

        @Override
        public String getPrefix(String namespace) {
            throw new UnsupportedOperationException();
        }

        @Override
        public java.util.Iterator<String> getPrefixes(String namespace) {
            throw new UnsupportedOperationException();
        }
    }
}
