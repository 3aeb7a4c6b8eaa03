import jakarta.xml.soap.SOAPElement;
import jakarta.xml.soap.SOAPEnvelope;
import jakarta.xml.soap.SOAPHeader;
import jakarta.xml.ws.handler.MessageContext;
import jakarta.xml.ws.handler.soap.SOAPHandler;
import jakarta.xml.ws.handler.soap.SOAPMessageContext;
import java.text.SimpleDateFormat;
import java.util.Date;
import java.util.Set;
import java.util.TimeZone;
import javax.xml.namespace.QName;

/** A handler that puts a Security header in, and understands the one that comes back. */
abstract class SecurityHandler implements SOAPHandler<SOAPMessageContext> {
    /** Fill the header, whose prefix for wsse is {@code s}; its Timestamp is there already. */
    abstract void fill(SOAPElement security, SOAPElement timestamp) throws Exception;

    @Override
    public boolean handleMessage(SOAPMessageContext context) {
        if (!(Boolean) context.get(MessageContext.MESSAGE_OUTBOUND_PROPERTY)) {
            return true;
        }
        try {
            SOAPEnvelope envelope = context.getMessage().getSOAPPart().getEnvelope();
            SOAPHeader header = envelope.getHeader() == null
                ? envelope.addHeader() : envelope.getHeader();
            SOAPElement security = header.addChildElement("Security", "s", Names.WSSE);
            security.addAttribute(
                new QName(envelope.getNamespaceURI(), "mustUnderstand", envelope.getPrefix()), "1");
            SOAPElement timestamp = security.addChildElement("Timestamp", "u", Names.WSU);
            Date now = new Date();
            timestamp.addChildElement("Created", "u").addTextNode(text(now));
            timestamp.addChildElement("Expires", "u")
                .addTextNode(text(new Date(now.getTime() + 300_000)));
            fill(security, timestamp);
        } catch (Exception wrong) {
            throw new IllegalStateException(wrong);
        }
        return true;
    }

    private static String text(Date moment) {
        SimpleDateFormat format = new SimpleDateFormat("yyyy-MM-dd'T'HH:mm:ss.SSS'Z'");
        format.setTimeZone(TimeZone.getTimeZone("UTC"));
        return format.format(moment);
    }

    @Override
    public boolean handleFault(SOAPMessageContext context) {
        return true;
    }

    @Override
    public Set<QName> getHeaders() {
        return Set.of(new QName(Names.WSSE, "Security"), new QName(Names.WSA, "Action"));
    }

    @Override
    public void close(MessageContext context) {
    }
}
