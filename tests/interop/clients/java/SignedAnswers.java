import java.io.FileInputStream;
import java.io.InputStream;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.TreeSet;
import javax.xml.crypto.dsig.Reference;
import javax.xml.crypto.dsig.XMLSignature;
import javax.xml.crypto.dsig.XMLSignatureFactory;
import javax.xml.crypto.dsig.dom.DOMValidateContext;
import javax.xml.parsers.DocumentBuilderFactory;
import org.apache.wss4j.common.crypto.CertificateStore;
import org.apache.wss4j.dom.WSConstants;
import org.apache.wss4j.dom.WSDataRef;
import org.apache.wss4j.dom.engine.WSSecurityEngine;
import org.apache.wss4j.dom.engine.WSSecurityEngineResult;
import org.apache.wss4j.dom.handler.WSHandlerResult;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.Node;

/**
 * Verifies signed answers in two ways: with WSS4J, and with the XML signatures of the JDK.
 *
 * <p>{@code SignedAnswers wss4j|jdk CERTIFICATE FILE...}, where the certificate is the authority
 * for WSS4J, which follows the token in the message, and the signer's own for the JDK.
 */
final class SignedAnswers {
    private static final String WSU =
        "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd";

    private SignedAnswers() {
    }

    public static void main(String[] arguments) throws Exception {
        X509Certificate certificate = certificate(arguments[1]);
        for (int index = 2; index < arguments.length; index++) {
            Document document = parsed(arguments[index]);
            String said;
            try {
                said = arguments[0].equals("wss4j")
                    ? withWss4j(document, certificate)
                    : withJdk(document, certificate);
            } catch (Exception refused) {
                said = "refused";
                if (System.getenv("INTEROP_DEBUG") != null) {
                    refused.printStackTrace();
                }
            }
            Situation.tell(arguments[index], said);
        }
    }

    static X509Certificate certificate(String path) throws Exception {
        try (InputStream input = new FileInputStream(path)) {
            Certificate read = CertificateFactory.getInstance("X.509").generateCertificate(input);
            return (X509Certificate) read;
        }
    }

    private static Document parsed(String path) throws Exception {
        DocumentBuilderFactory factory = DocumentBuilderFactory.newInstance();
        factory.setNamespaceAware(true);
        try (InputStream input = new FileInputStream(path)) {
            return factory.newDocumentBuilder().parse(input);
        }
    }

    /** The names of the parts that a right signature by a trusted signer covers. */
    static String withWss4j(Document document, X509Certificate authority) throws Exception {
        CertificateStore trusted = new CertificateStore(new X509Certificate[] {authority});
        WSHandlerResult results =
            new WSSecurityEngine().processSecurityHeader(document, null, null, trusted);
        List<String> names = new ArrayList<>();
        for (WSSecurityEngineResult result : results.getActionResults().get(WSConstants.SIGN)) {
            for (Object part : (List<?>) result.get(WSSecurityEngineResult.TAG_DATA_REF_URIS)) {
                names.add(((WSDataRef) part).getName().getLocalPart());
            }
        }
        return "verified:" + String.join(",", new TreeSet<>(names));
    }

    private static String withJdk(Document document, X509Certificate signer) throws Exception {
        Node signature = document.getElementsByTagNameNS(XMLSignature.XMLNS, "Signature").item(0);
        DOMValidateContext context = new DOMValidateContext(signer.getPublicKey(), signature);
        List<Element> marked = new ArrayList<>();
        mark(document.getDocumentElement(), context, marked);
        XMLSignatureFactory factory = XMLSignatureFactory.getInstance("DOM");
        XMLSignature read = factory.unmarshalXMLSignature(context);
        if (!read.validate(context)) {
            return "refused";
        }
        TreeSet<String> names = new TreeSet<>();
        Iterator<?> references = read.getSignedInfo().getReferences().iterator();
        while (references.hasNext()) {
            String identifier = ((Reference) references.next()).getURI().substring(1);
            for (Element element : marked) {
                if (element.getAttributeNS(WSU, "Id").equals(identifier)) {
                    names.add(element.getLocalName());
                }
            }
        }
        return "verified:" + String.join(",", names);
    }

    private static void mark(Element element, DOMValidateContext context, List<Element> marked) {
        if (element.hasAttributeNS(WSU, "Id")) {
            context.setIdAttributeNS(element, WSU, "Id");
            marked.add(element);
        }
        for (Node child = element.getFirstChild(); child != null; child = child.getNextSibling()) {
            if (child instanceof Element) {
                mark((Element) child, context, marked);
            }
        }
    }
}
